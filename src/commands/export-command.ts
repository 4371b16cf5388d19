import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { actionNames, loadAction } from "../actions/load.ts";
import { inPlaybookOrder } from "../actions/playbook-order.ts";
import { automationService, category } from "../faces/automation-service/bundle.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { harmless } from "../faces/cli/terminal.ts";
import { errorCode, Failure } from "../failure.ts";
import { makeFolderSync } from "../files/make-folder.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { helpHint, readArguments } from "./command-arguments.ts";

const usage = `mailcordon export automation-service --out DIR: writes the integration for Sumo Logic's Automation Service as files to upload.

  --out DIR       Folder for the files; created if it does not exist. Required.
  --version V     Version of the integration: numbers separated by dots.
                  Default: 1.0.
  --json          Print one JSON document, even on a terminal.
  --quiet         Print nothing on standard error.
  --help          Show this help.
`;

/** Name of the integration on the platform. */
export const integrationName = "Mailcordon";

/** Runs `mailcordon export` and returns the exit code. Throws Failure `invalid-input` for wrong arguments and for a folder that cannot be written. */
export async function runExport(args: readonly string[], screen: Screen): Promise<number> {
  const toggle = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  const options = { out: text, version: text, json: toggle, quiet: toggle, help: { type: "boolean", short: "h" } } as const;
  const { values, positionals } = readArguments("export", args, options, true);
  if (values.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const [what, ...rest] = positionals;
  const { out, version = "1.0" } = values;
  if (what !== "automation-service" || rest.length > 0 || out === undefined || out === "") {
    throw new Failure("invalid-input", "Use mailcordon export automation-service --out DIR.", { hint: helpHint("export") });
  }
  if (!/^\d+(\.\d+)*$/.test(version)) throw new Failure("invalid-input", "--version must be numbers separated by dots, such as 1.0.");
  const catalogue = await Promise.all(actionNames.map(loadAction));
  const made = await automationService(inPlaybookOrder(catalogue), { name: integrationName, version, withSweeps: true });
  writeFiles(out, made.files);
  const files = [...made.files.keys()];
  const others = findOldFiles(out, files);
  const note = others.length === 0 ? "" : ` Do not upload these files of another export: ${others.join(", ")}.`;
  const message = `${integrationName} ${version} with ${made.actions.length} actions was written to ${out}.${note}`;
  if (screen.stdout.isTTY !== true || values.json) {
    const document = {
      success: true,
      message,
      name: integrationName,
      version,
      category,
      files,
      ...(others.length === 0 ? {} : { others }),
    };
    screen.stdout.write(`${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n`);
  } else {
    screen.stdout.write(`${harmless(message)}\n\n${files.map((file) => `  ${file}\n`).join("")}\nCategory: ${category}\n`);
  }
  return 0;
}

function writeFiles(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  try {
    for (const [name, content] of files) {
      const path = join(folder, name);
      makeFolderSync(dirname(path));
      writeFileSync(path, content);
    }
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unknown";
    const hint = "Name a folder that you can write to, or a new one.";
    throw new Failure("invalid-input", `--out ${folder}: mailcordon cannot write the files there (${code}).`, { hint, cause: thrown });
  }
}

/** Definitions of earlier exports, for an action that now has another number or name. Files that mailcordon did not write are never removed. */
function findOldFiles(folder: string, files: readonly string[]): readonly string[] {
  return ["", "actions/"].flatMap((place) =>
    readdirSync(join(folder, place))
      .filter((name) => /\.(?:action|integration)\.ya?ml$/.test(name) && !files.includes(`${place}${name}`))
      .map((name) => `${place}${name}`),
  );
}
