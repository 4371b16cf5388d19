import { createInterface } from "node:readline/promises";
import { reasonOf, type SweepDocument, type TargetDocument } from "../../sweeps/report/report-cells.ts";
import { stateOf } from "../../sweeps/report/report-numbers.ts";
import { needsSecondPerson } from "../../sweeps/service/second-person.ts";
import type { StoredPlan } from "../../sweeps/sweep-lifecycle.ts";
import { counted } from "../../text/noun-count.ts";
import type { Screen } from "./screen.ts";
import { recordText, table } from "./table.ts";
import { harmless } from "./terminal.ts";

// Maximum number of rows that fit on a screen above the question.
const rowsShown = 15;
/** Number of messages with problems that are read: one more than is shown. */
export const mostTroubled = rowsShown + 1;
const facts = ["mailbox", "received_at", "from", "subject", "folder_path", "size"];

/** A plan as a person reads it. `next`: the command to type after it. */
export function planText(message: string, { sweep, plan }: StoredPlan, columns: number, next?: string): string {
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
    ...section("Looked for:", soughtLines(find)),
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
    ...(next === undefined ? [] : ["", `Next: ${next}`]),
  ].join("\n");
}

/** Returns the lines about the messages that the sweep searched for. */
function soughtLines({ internet_message_id: ids, query = {} }: SweepDocument["find"]): readonly string[] {
  return [
    ...ids.map((id) => `Internet Message-ID ${id}`),
    ...Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name.replaceAll("_", " ")}: ${value}`])),
  ];
}

function laterText({ seconds, every_seconds, limit, mailboxes }: NonNullable<StoredPlan["plan"]["later"]>): string {
  const hours = seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`;
  return `For ${hours} after it began, it looks into ${counted(mailboxes.length, "mailbox")} every ${every_seconds} s, and treats up to ${counted(limit, "message")} that arrive.`;
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > rowsShown ? [`  … and ${lines.length - rowsShown} more (--json has them)`] : [];
  return ["", title, ...lines.slice(0, rowsShown).map((line) => `  ${harmless(line)}`), ...more];
}

/** Sweeps as a person reads them: several as a table. */
export function sweepText(message: string, sweeps: readonly SweepDocument[], columns: number, more: OneSweep = {}): string {
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
    ...troubleLines(more),
    ...section("Looked for:", soughtLines(find)),
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
    ...(more.command === undefined ? [] : ["", `Next: ${nextSteps(only, more.command)}`]),
  ].join("\n");
}

/** The parts of a sweep that are shown in addition to its document. */
export interface OneSweep {
  /** Some of its messages that are not as they should be. */
  readonly troubled?: readonly TargetDocument[];
  /** Returns the command line of `mailcordon sweep` for a subcommand and this sweep. */
  readonly command?: (name: string, id: string) => string;
}

/** The commands that a user may enter next, by the state of the sweep. */
const nextCommands: Readonly<Record<SweepDocument["state"], readonly string[]>> = {
  planned: ["run"],
  approved: ["run"],
  running: ["status", "pause"],
  paused: ["resume", "cancel"],
  cancelled: ["report", "undo"],
  finished: ["report", "archive"],
};

/** Names the next step, as a command to copy if there is one. */
export function nextSteps(sweep: SweepDocument, command: NonNullable<OneSweep["command"]>): string {
  const { state, direction } = sweep;
  if (state === "planned" && needsSecondPerson(sweep, undefined))
    return `another person approves it over mailcordon serve: POST /v1/sweeps/${harmless(sweep.sweep)}/approve`;
  const names = direction === "undo" && state === "cancelled" ? ["report"] : nextCommands[state];
  return names.map((name) => command(name, sweep.sweep)).join("\n  or: ");
}

function troubleLines({ troubled = [] }: OneSweep): readonly string[] {
  const lines = section("Messages that need attention:", troubled.slice(0, rowsShown).map(troubleLine));
  return troubled.length > rowsShown ? [...lines, "  … and more (sweep report shows them all)"] : lines;
}

/** Returns the message of the plan with what became of it, and why. */
function troubleLine(target: TargetDocument): string {
  const { mailbox, folder_path = "", subject = "" } = target;
  const reason = reasonOf(target) || "No reason is recorded.";
  const differs = target.outcome?.differs ?? [];
  const what = differs.length === 0 ? "" : ` (${differs.join(", ")})`;
  return `${stateOf(target)}: ${mailbox}, ${folder_path}: ${subject}. ${reason}${what}`;
}

/** Returns the targets of a report as text, below the summary of the sweep. */
export function targetsText(targets: readonly TargetDocument[], columns: number): string {
  if (targets.length === 0) return "";
  const rows = targets.map((target) => {
    const { residue, relation, outcome: _, undo_outcome: __, ...rest } = target;
    return { ...rest, state: stateOf(target), kind: residue ?? relation, reason: reasonOf(target) };
  });
  const first = ["state", "reason", "kind", ...facts];
  return `\n\n${table(rows, columns, { first, note: false })}`;
}

/** Shows the plan and asks for confirmation. Returns false if there is no person to ask. */
export async function askSweep(planned: StoredPlan, what: "act" | "undo" | "resume", screen: Screen): Promise<boolean> {
  if (screen.stdin.isTTY !== true || screen.stderr.isTTY !== true) return false;
  const { messages, mailboxes } = planned.plan.counts;
  const asked = what === "act" ? planned.plan.action : `undo of ${planned.plan.action}`;
  screen.stderr.write(
    `${planText(`${asked}: ${counted(messages, "message")} in ${counted(mailboxes, "mailbox")}.`, planned, screen.stderr.columns || 80)}\n\n`,
  );
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
