import { actionNames } from "../actions/load.ts";
import { type DoctorOptions, type DoctorReport, doctor, type StepReport } from "../doctor/doctor.ts";
import type { MigrationPlan } from "../doctor/leaving-ews/migration-plan.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { harmless, pad, wrap } from "../faces/cli/terminal.ts";
import { Failure } from "../failure.ts";
import { loadSettings, readWrittenConnection } from "../settings/load-settings.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { eventText } from "../wire/http/observe-http.ts";
import { helpHint, parseActionNames, readArguments } from "./command-arguments.ts";

const usage = `mailcordon doctor: checks a connection step by step and reports what to do next. It changes nothing.

  --mailbox ADDRESS   Mailbox to open. Default: the connection's mailbox.
  --actions NAMES     Actions that must work, comma-separated. Default: all.
  --plan graph        Report what is missing to move the connection from EWS to
                      Microsoft Graph: permissions, settings, stored ids and
                      differences. It checks as much as it can by reading.
  --offline           With --plan: contact no server.
  --connection NAME   Connection of the settings. Default: the default connection.
  --config FILE       Settings file. Default: mailcordon.yaml in this folder, then in ~/.config/mailcordon/.
  --json              Print one JSON document, even on a terminal.
  --verbose           Show each request and reply on standard error: never a body, a secret or a token.
  --quiet             Print nothing on standard error.
  --help              Show this help.

Exit code: 0 if every action of --actions would work, otherwise the code of the first step that blocks one.
`;

/** Runs `mailcordon doctor` and returns the exit code. */
export async function runDoctor(args: readonly string[], screen: Screen): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const actions = await parseActionNames(options.actions);
  const isPlan = readPlan(options);
  const json = screen.stdout.isTTY !== true || options.json === true;
  const columns = screen.stdout.columns || 100;
  const place = { flags: { config: options.config, connection: options.connection } };
  let loaded: ReturnType<typeof loadSettings> | undefined;
  const wanted: DoctorOptions = {
    actions,
    mailbox: options.mailbox === "" ? undefined : options.mailbox,
    signal: screen.signal,
    // A check of some actions does not cover sweeps.
    sweeps:
      options.actions === undefined && !isPlan
        ? { database: async () => (await import("./doctor-database.ts")).findDatabase(place) }
        : undefined,
    load: () => {
      loaded ??= loadSettings(place);
      return loaded;
    },
    observe: options.verbose ? (event) => screen.stderr.write(`${harmless(eventText(event))}\n`) : undefined,
    tell: options.quiet ? undefined : (text) => screen.stderr.write(`${harmless(text)}\n`),
    progress: json ? undefined : (step) => screen.stdout.write(`${stepText(step, columns)}\n`),
  };
  if (isPlan) {
    const { planGraph } = await import("../doctor/leaving-ews/migration-plan.ts");
    const { plan, exit } = await planGraph({
      ...wanted,
      isAll: actions.length === actionNames.length,
      written: () => readWrittenConnection(place),
      offline: options.offline,
    });
    const text = () => `${plan.steps.length === 0 ? "" : "\n"}${planText(plan, columns)}\n`;
    screen.stdout.write(json ? `${harmlessJson(plan, screen.stdout.isTTY ? 2 : 0)}\n` : text());
    return exit;
  }
  const report = await doctor(wanted);
  const { exit, ...document } = report;
  screen.stdout.write(json ? `${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n` : `\n${conclusion(report, columns)}\n`);
  return exit;
}

function readOptions(args: readonly string[]) {
  const text = { type: "string" } as const;
  const toggle = { type: "boolean" } as const;
  const options = {
    ...{ mailbox: text, actions: text, connection: text, config: text, plan: text, offline: toggle },
    ...{ json: toggle, verbose: toggle, quiet: toggle, help: { type: "boolean", short: "h" } as const },
  };
  return readArguments("doctor", args, options).values;
}

function readPlan({ plan, offline }: { readonly plan?: string | undefined; readonly offline?: boolean | undefined }): boolean {
  if (plan !== undefined && plan !== "graph") {
    throw new Failure("invalid-input", "--plan must be graph.", { hint: helpHint("doctor") });
  }
  if (offline && plan === undefined) throw new Failure("invalid-input", "--offline needs --plan.", { hint: helpHint("doctor") });
  return plan === "graph";
}

// The longest name of a step, its status, and a space after each.
const margin = 31;

/** One step for a person. Servers wrote parts of it. */
function stepText({ name, status, tried, found, next = [] }: StepReport, columns: number): string {
  const head = `${pad(status, 8)} ${pad(name, margin - 10)} `;
  const about = status === "ok" || status === "skipped" ? found : `${tried}: ${found}`;
  const indent = " ".repeat(margin);
  // A command is not broken into lines, so that it can be copied.
  const lines = next.map((line, at) => `${indent}${at === 0 ? "-> " : "   "}${harmless(line)}`);
  return [head + wrap(harmless(about), Math.max(24, columns - margin), indent), ...lines].join("\n");
}

function missingText(missing: readonly string[] = []): string {
  return missing.length === 0 ? "" : ` (${missing.join(", ")})`;
}

function conclusion({ message, actions }: DoctorReport, columns: number): string {
  const bad = actions.flatMap(({ action, works, because, missing }) =>
    works === "yes" ? [] : [`  ${pad(action, margin)}${works === "no" ? "no" : "not known"}: see ${because}${missingText(missing)}`],
  );
  return [wrap(message, columns), ...bad].join("\n");
}

/** Texts for whether something was granted. */
const grantedWords = { yes: "granted", no: "missing", unknown: "not known" } as const;
const storedWords = { stays: "valid", translated: "translated", lost: "lost" } as const;

/** Returns the plan as sections; text to copy is on lines of its own. */
function planText(plan: MigrationPlan, columns: number): string {
  const { permissions, grant, settings, ids, actions, afterwards } = plan;
  const row = (cells: readonly (readonly [string, number])[], text: string) => {
    const head = `  ${cells.map(([cell, width]) => pad(harmless(cell), width)).join("  ")}  `;
    return head + wrap(harmless(text), Math.max(24, columns - head.length), " ".repeat(head.length));
  };
  const copied = (lines: readonly string[]) => lines.map((line) => `    ${harmless(line)}`);
  const differing = actions.filter(({ differs }) => differs !== "");
  const same = actions.filter(({ differs }) => differs === "").map(({ action }) => action);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      "Permissions (Microsoft Graph, application)",
      [
        ...permissions.map(({ permission, granted, within, actions: using }) =>
          row(
            [
              [grantedWords[granted], 9],
              [permission, 22],
            ],
            `${within === undefined ? "" : `(within ${within}) `}${using.join(", ")}`,
          ),
        ),
        ...actions.flatMap(({ action, partly = [] }) =>
          partly.map(
            ({ permissions: some, when }) => `  ${wrap(`For a part of ${action}: ${some.join(" and ")}, ${when}.`, columns - 4, "    ")}`,
          ),
        ),
      ],
    ],
    ["Grant what is missing or not known (an administrator, after `mailcordon setup entra` step 1)", copied(grant)],
    [
      "Settings",
      [
        ...settings.changes.map(({ setting, change, why }) =>
          row(
            [
              [change, 9],
              [setting, 22],
            ],
            why,
          ),
        ),
        "  Add this next to the existing connection:",
        ...copied(settings.yaml.trimEnd().split("\n")),
      ],
    ],
    [
      "Stored ids",
      ids.map(({ id, over_graph, next }) =>
        row(
          [
            [storedWords[over_graph], 11],
            [id, 28],
          ],
          next,
        ),
      ),
    ],
    [
      "What differs over Graph",
      [
        ...differing.map(({ action, supported, differs }) =>
          row(
            [
              [supported === "yes" ? "supported" : "in part", 9],
              [action, 24],
            ],
            differs,
          ),
        ),
        ...(same.length === 0 ? [] : [`  ${wrap(`The same: ${same.join(", ")}.`, columns - 2, "  ")}`]),
      ],
    ],
    ["Afterwards", afterwards.map((text) => `  ${wrap(text, columns - 2, "  ")}`)],
  ];
  const looked = plan.why_not_looked === undefined ? "" : ` Microsoft was not contacted: ${plan.why_not_looked}.`;
  return [
    wrap(`${plan.connection}: ${plan.message}${looked}`, columns),
    ...sections.flatMap(([title, lines]) => (lines.length === 0 ? [] : [[title, ...lines].join("\n")])),
  ].join("\n\n");
}
