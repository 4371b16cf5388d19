import { createInterface } from "node:readline/promises";
import type { Planned, sweepDocument } from "../../sweeps/sweeps.ts";
import type { Screen } from "./screen.ts";
import { recordText, table } from "./table.ts";
import { harmless } from "./terminal.ts";

type SweepDocument = ReturnType<typeof sweepDocument>;

// So many rows still fit on a screen with the question below them.
const rowsShown = 15;
const facts = ["mailbox", "received_at", "from", "subject", "folder_path", "size"];

/** A plan as a person reads it. */
export function planText(message: string, { sweep, plan }: Planned, columns: number): string {
  const {
    targets,
    find,
    unexamined,
    not_examined = [],
    left_alone,
    restored_from_evidence = [],
    cannot_be_undone,
    action,
    input,
    later,
  } = plan;
  const messages = targets.filter(({ residue, relation }) => residue === undefined && relation === undefined);
  const more = messages.length > rowsShown ? [`… and ${messages.length - rowsShown} more (sweep report shows them all)`] : [];
  return [
    harmless(message),
    ...(messages.length === 0 ? [] : ["", table(messages.slice(0, rowsShown), columns, { first: facts, note: false }), ...more]),
    ...section(
      "What they have left behind, and is removed as well:",
      targets.flatMap(({ mailbox, subject = "", residue, why = "" }) => (residue === undefined ? [] : [`${mailbox}: ${subject}. ${why}`])),
    ),
    ...section(
      "Related copies:",
      targets.flatMap(({ mailbox, folder_path = "", subject = "", relation, why = "" }) =>
        relation === undefined ? [] : [`${mailbox}, ${folder_path}: ${subject}. ${why}`],
      ),
    ),
    ...(later === undefined ? [] : section("Later arrivals:", [laterText(later)])),
    "",
    recordText({ sweep: sweep.id, plan_hash: sweep.planHash, action, ...input }),
    ...section(
      "Could not be examined completely:",
      unexamined.map(({ mailbox, message }) => `${mailbox}: ${message}`),
    ),
    ...section("How it was found:", [...(find.finders ?? []), find.finder]),
    ...section(
      "Left out:",
      not_examined.map(({ mailbox, message }) => `${mailbox}: ${message}`),
    ),
    ...section("Restored from evidence by an undo:", restored_from_evidence),
    ...section("Cannot be undone:", cannot_be_undone),
    ...section("Left alone:", left_alone),
  ].join("\n");
}

function laterText({ seconds, every_seconds, limit, mailboxes }: NonNullable<Planned["plan"]["later"]>): string {
  const hours = seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`;
  return `For ${hours} after it began, it looks into ${mailboxes.length} mailboxes every ${every_seconds} s, and treats up to ${limit} messages that arrive.`;
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > rowsShown ? [`  … and ${lines.length - rowsShown} more (--json has them)`] : [];
  return ["", title, ...lines.slice(0, rowsShown).map((line) => `  ${harmless(line)}`), ...more];
}

/** Sweeps as a person reads them: several as a table. */
export function sweepText(message: string, sweeps: readonly SweepDocument[], columns: number): string {
  const [only, second] = sweeps;
  if (only === undefined) return message;
  if (second !== undefined) {
    const rows = sweeps.map(({ sweep, state, action, counts, planned_at, planned_by }) => ({
      ...{ sweep, state, action, messages: counts.messages, done: counts.done, failed: counts.failed, planned_at, planned_by },
    }));
    return table(rows, columns, { first: ["sweep", "state", "action", "messages", "done", "failed"], note: false });
  }
  const {
    find,
    input,
    limits,
    counts,
    unexamined,
    not_examined = [],
    left_alone,
    restored_from_evidence = [],
    cannot_be_undone,
    ...rest
  } = only;
  return [
    harmless(message),
    "",
    recordText({ ...rest, ...input, ...limits, ...counts }),
    ...section(
      "Could not be examined completely:",
      unexamined.map((one) => `${one.mailbox}: ${one.message}`),
    ),
    ...section("How it was found:", [...(find.finders ?? []), find.finder]),
    ...section(
      "Left out:",
      not_examined.map(({ mailbox, message }) => `${mailbox}: ${message}`),
    ),
    ...section("Restored from evidence by an undo:", restored_from_evidence),
    ...section("Cannot be undone:", cannot_be_undone),
    ...section("Left alone:", left_alone),
  ].join("\n");
}

/** Returns the targets of a report as text, below the summary of the sweep. */
export function targetsText(targets: readonly Readonly<Record<string, unknown>>[], columns: number): string {
  return targets.length === 0 ? "" : `\n\n${table(targets, columns, { first: ["state", "undo", ...facts], note: false })}`;
}

/** Shows the plan and asks for confirmation. Returns false if there is no person to ask. */
export async function askSweep(planned: Planned, what: "act" | "undo" | "resume", screen: Screen): Promise<boolean> {
  if (screen.stdin.isTTY !== true || screen.stderr.isTTY !== true) return false;
  const { messages, mailboxes } = planned.plan.counts;
  const asked = what === "act" ? planned.plan.action : `undo of ${planned.plan.action}`;
  screen.stderr.write(`${planText(`${asked}: ${messages} messages in ${mailboxes} mailboxes.`, planned, screen.stderr.columns || 80)}\n\n`);
  const questions = createInterface({ input: screen.stdin });
  // Ctrl-D closes without an answer.
  const closed = new Promise<undefined>((resolve) => questions.once("close", () => resolve(undefined)));
  try {
    screen.stderr.write("Go on? [y/N] ");
    const answer = await Promise.race([questions.question("", { signal: screen.signal }), closed]);
    return answer !== undefined && /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    questions.close();
  }
}
