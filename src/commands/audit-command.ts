// src/commands/: The commands other than the actions, and the table that knows every part of the program.

import { existsSync } from "node:fs";
import type { Screen } from "../faces/cli/screen.ts";
import { harmless } from "../faces/cli/terminal.ts";
import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { openHeadFile } from "../perform/audit/audit-log-end.ts";
import { acceptAudit, rotateAudit } from "../perform/audit/continue-log.ts";
import { type AuditCheck, verifyAudit } from "../perform/audit/verify-audit.ts";
import { operatingSystemUser } from "../perform/operating-system-user.ts";
import { loadAudit, type WrittenSettings } from "../settings/load-settings.ts";
import { readServe } from "../settings/serve-settings.ts";
import type { State } from "../state/state.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { helpHint, readArguments } from "./command-arguments.ts";

const usage = `mailcordon audit verify [FILE]                checks that no entry of an audit log was changed, removed or moved,
                                              and that the log ends as its writers left it.
mailcordon audit accept [FILE] --reason TEXT  continues a log that is not as its writers left it, with an entry that names the gap.
mailcordon audit rotate [FILE]                renames the log and begins a new one that continues its chain.

FILE is the audit file. Default: the audit file of the settings.

  --contains HASH  verify: hash of an entry, from an earlier check. The check fails if the log does not contain this entry.
  --since HASH     verify: hash of an entry, from an earlier check. The check fails if the log does not contain this entry;
                   only later entries are counted.
  --reason TEXT    accept: why entries are missing. The reason is written to the log.
  --config FILE    Settings file. Default: mailcordon.yaml in this folder or in the user's configuration.
  --json           Print one JSON document, even on a terminal.
  --quiet          Print nothing on standard error.
  --help           Show this help.

verify prints the hash of the last entry. Store this hash away from the log. A later verify with --contains shows whether entries
were removed from the end since then. verify also lists what it cannot check.
`;

/** Runs `mailcordon audit` and returns the exit code. Throws Failure `audit-failed` for a log that was altered. */
export async function runAudit(args: readonly string[], screen: Screen): Promise<number> {
  const toggle = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  const { values, positionals } = readArguments(
    "audit",
    args,
    { contains: text, since: text, reason: text, config: text, json: toggle, quiet: toggle, help: { type: "boolean", short: "h" } },
    true,
  );
  if (values.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const [what, named, ...rest] = positionals;
  if ((what !== "verify" && what !== "accept" && what !== "rotate") || rest.length > 0) {
    throw new Failure("invalid-input", "Use mailcordon audit verify, audit accept or audit rotate, with at most one FILE.", {
      hint: helpHint("audit"),
    });
  }
  for (const hash of [values.contains, values.since]) {
    if (hash !== undefined && !/^[0-9a-f]{64}$/i.test(hash)) {
      throw new Failure("invalid-input", "--contains and --since need a SHA-256: 64 hexadecimal digits.", { hint: helpHint("audit") });
    }
  }
  const audit = await loadAudit({ flags: { config: values.config, auditFile: named } });
  const heads = [openHeadFile(audit.heads, audit.file)];
  const options = { heads, key: audit.key?.reveal() };
  const actor = operatingSystemUser();
  const json = values.json === true;
  if (what === "verify") {
    const proof = { contains: values.contains?.toLowerCase(), since: values.since?.toLowerCase() };
    // A database that does not answer hides nothing that the log and the file show.
    const state = await attempt(() => servedState(audit));
    try {
      const kept = state.ok ? state.value?.auditHead(audit.file) : { ...noDatabase, read: () => Promise.reject(notOpened(state.failure)) };
      const all = kept === undefined ? heads : [...heads, kept];
      return print(screen, json, verified(audit.file, await verifyAudit(audit.file, { ...options, ...proof, heads: all })));
    } finally {
      if (state.ok) await state.value?.close();
    }
  }
  const { reason = "" } = values;
  if (what === "accept" && reason.trim() === "") {
    throw new Failure("invalid-input", "--reason is missing: say why entries are missing.", { hint: helpHint("audit") });
  }
  const state = await servedState(audit);
  try {
    const auditOptions = {
      ...options,
      exclusively: state?.exclusively,
      heads: state === undefined ? heads : [...heads, state.auditHead(audit.file)],
    };
    if (what === "accept") {
      const last_hash = await acceptAudit(audit.file, { actor, reason }, auditOptions);
      return print(screen, json, { success: true, message: `${audit.file} is continued, with an entry that names the gap.`, last_hash });
    }
    const rotated = await rotateAudit(audit.file, { actor }, auditOptions);
    return print(screen, json, { success: true, message: `${audit.file} is a new log; the earlier entries are in ${rotated}.`, rotated });
  } finally {
    await state?.close();
  }
}

/** Stands for the kept end of `mailcordon serve` if its database cannot be reached. */
const noDatabase = { place: "the database", write: () => Promise.resolve() };

function notOpened(failure: Failure): Failure {
  return new Failure("unreachable", failure.message, { cause: failure });
}

/**
 * Opens the state of `mailcordon serve`, which also keeps the end of the log: unless it is updated, the server would refuse to append. Undefined if
 * no server is set up.
 */
async function servedState(written: Pick<WrittenSettings, "serve" | "home" | "path">): Promise<State | undefined> {
  const { stateDir, databaseUrl } = readServe(written);
  if (databaseUrl === undefined && !existsSync(stateDir)) return undefined;
  const { hasOurTables, openState } = await import("../state/state.ts");
  // DATABASE_URL may name another program's database, in which nothing may be created.
  if (databaseUrl !== undefined && written.serve === undefined && !(await hasOurTables(databaseUrl))) return undefined;
  return await openState({ directory: stateDir, databaseUrl });
}

function verified(
  file: string,
  { entries, torn, broken, lastHash, end, gaps, unsealed, comparedWith, cannotKnow }: AuditCheck,
): AuditReport {
  if (broken !== undefined) {
    throw new Failure("audit-failed", `Line ${broken.line} of the audit log: ${broken.problem}`, {
      local: file,
      hint: `${entries} ${entries === 1 ? "entry is" : "entries are"} in an unbroken chain. Compare the file with a copy of it, then continue it with \`mailcordon audit accept\`.`,
    });
  }
  const left = { "as-left": ", which ends as its writers left it", longer: ", which is longer than its kept end", unknown: "" }[end];
  return {
    success: true,
    message: `${file}: ${entries} ${entries === 1 ? "entry" : "entries"} in an unbroken chain${left}.`,
    ...{
      entries,
      torn_lines: torn,
      last_hash: lastHash,
      end: end.replaceAll("-", "_"),
      gaps,
      unsealed,
      compared_with: comparedWith,
      cannot_know: cannotKnow,
    },
  };
}

interface AuditReport {
  readonly success: true;
  readonly message: string;
  readonly entries?: number;
  readonly torn_lines?: readonly number[];
  readonly last_hash?: string;
  readonly end?: string;
  readonly gaps?: AuditCheck["gaps"];
  readonly unsealed?: number;
  readonly compared_with?: readonly string[];
  readonly cannot_know?: readonly string[];
  readonly rotated?: string;
}

function print(screen: Screen, json: boolean, document: AuditReport): number {
  if (screen.stdout.isTTY !== true || json) {
    screen.stdout.write(`${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n`);
    return 0;
  }
  const { message, torn_lines: torn = [], last_hash, gaps = [], compared_with = [], cannot_know = [] } = document;
  const lines = [
    message,
    ...(torn.length === 0 ? [] : [`Incomplete because of a crash, and recorded as such by the next entry: line ${torn.join(", ")}.`]),
    ...gaps.map(({ line, reason }) => `Line ${line}: a person accepted a gap before it. Reason: ${reason}`),
    ...(last_hash === undefined ? [] : [`Hash of the last entry: ${last_hash}`]),
    ...(compared_with.length === 0 ? [] : [`The log was compared with the end kept in ${compared_with.join(" and in ")}.`]),
    ...(cannot_know.length === 0 ? [] : ["This check cannot tell:", ...cannot_know.map((fact) => `  ${fact}`)]),
  ];
  screen.stdout.write(lines.map((line) => `${harmless(line)}\n`).join(""));
  return 0;
}
