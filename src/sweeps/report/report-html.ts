import { counted } from "../../text/noun-count.ts";
import { withoutControls } from "../../text/quote-csv.ts";
import { cellsOf, type ReportSource, type SweepDocument } from "./report-cells.ts";
import { numbersOf, type ReportNumbers, stateOf, undoOf } from "./report-numbers.ts";

/** Maximum number of characters in a cell: a subject may have thousands, which nobody reads. */
const longestCell = 300;
/** Rows in one collapsible part. A browser lays out a closed part only when it is opened. */
const rowsTogether = 250;

/** Returns text for HTML, between tags and in attributes in double quotes. */
function escaped(text: string): string {
  return withoutControls(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function shortened(text: string): string {
  return text.length <= longestCell ? text : `${text.slice(0, longestCell)}… [${counted(text.length - longestCell, "more character")}]`;
}

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere;unicode-bidi:isolate}
th{border-bottom:2px solid #888}code{font-size:.9em;overflow-wrap:anywhere}table.few{width:auto;table-layout:auto}
details{margin:.4rem 0;content-visibility:auto}summary{cursor:pointer;padding:.2rem 0}@media print{details{content-visibility:visible}}`;

type Row = readonly string[];
const row = (cells: Row, tag = "td") => `<tr>${cells.map((cell) => `<${tag}>${escaped(shortened(cell))}</${tag}>`).join("")}</tr>\n`;
const table = (head: Row, rows: readonly Row[], few = true) =>
  `<table${few ? ' class="few"' : ""}><thead>${row(head, "th")}</thead><tbody>${rows.map((cells) => row(cells)).join("")}</tbody></table>\n`;
const heading = (text: string) => `<h2>${escaped(text)}</h2>\n`;
const paragraph = (text: string) => `<p>${escaped(text)}</p>\n`;
const list = (texts: readonly string[]) => `<ul>${texts.map((text) => `<li>${escaped(shortened(text))}</li>`).join("\n")}</ul>\n`;

/**
 * Yields one page for decision makers. It loads and runs nothing: every text of a message is escaped, and the page's security policy forbids scripts, images
 * and requests as a second defence. Messages are in closed parts, so a page with ten thousand messages opens quickly.
 */
export async function* reportHtml(source: ReportSource): AsyncGenerator<string> {
  const { message, sweep } = source;
  const numbers = await numbersOf(source);
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<title>${escaped(`Sweep ${sweep.sweep}`)}</title><style>${style}</style></head><body>
<h1>${escaped(`Sweep ${sweep.sweep}: ${sweep.action}`)}</h1>
`;
  yield paragraph(message);
  yield heading("Numbers") + table(["what", "number"], countRows(sweep, numbers));
  yield heading("What was looked for") + soughtText(sweep);
  yield heading("Times") + table(["time (UTC)", "step", "by"], timeRows(source));
  if (numbers.times.length > 0)
    yield table(
      ["time (UTC)", "messages"],
      numbers.times.map(({ time, states }) => [time, statesText(states)]),
    );
  yield heading("What is not known") + list(unknownTexts(sweep, numbers));
  if (numbers.reasons.length > 0) {
    const rows = numbers.reasons.map(({ state, reason, messages }) => [String(messages), state, reason]);
    yield heading("Messages that need attention") + table(["messages", "state", "reason"], rows);
  }
  yield heading("Undo") + list(undoTexts(sweep, numbers));
  const left = [...sweep.left_alone, ...(sweep.not_examined ?? []).map(({ mailbox, message: why }) => `${mailbox}: ${why}`)];
  if (left.length > 0) yield heading("Left alone") + list(left);
  yield heading("Hashes") + hashesText(sweep, numbers);
  yield heading("Mailboxes");
  yield* parts(
    numbers.mailboxes.map(({ mailbox, states }) => ({ name: mailbox, cells: [mailbox, statesText(states)] })),
    ["mailbox", "messages"],
    "Mailboxes",
  );
  yield heading("Messages");
  yield* parts(
    messageRows(source),
    ["mailbox", "residue or relation", "state", "subject", "from", "received", "folder", "evidence (SHA-256)", "undo", "reason"],
    "Messages",
  );
  yield "</body></html>\n";
}

async function* messageRows({ targets, sweep }: ReportSource): AsyncGenerator<PartRow> {
  for await (const target of targets()) {
    const { mailbox, subject, from, received_at, folder_path, evidence_sha256, reason } = cellsOf(target);
    const kind = target.residue === undefined ? (target.relation ?? "") : residueNames[target.residue];
    const cells = [
      mailbox,
      kind,
      stateOf(target),
      subject,
      from,
      received_at,
      folder_path,
      evidence_sha256,
      undoOf(target, sweep) ?? "",
      reason,
    ];
    yield { name: mailbox, cells };
  }
}

interface PartRow {
  readonly name: string;
  readonly cells: Row;
}

/** Yields tables of some rows each. The first is open. */
async function* parts(rows: AsyncIterable<PartRow> | Iterable<PartRow>, head: Row, what: string): AsyncGenerator<string> {
  let number = 0;
  let some: PartRow[] = [];
  const part = () => {
    const names = [some[0]?.name ?? "", some.at(-1)?.name ?? ""].map((name) => escaped(shortened(name)));
    const first = number - some.length + 1;
    const summary = `${what} ${first} to ${number}: ${names[0]} to ${names[1]}`;
    const body = table(
      head,
      some.map(({ cells }) => cells),
      false,
    );
    some = [];
    return `<details${first === 1 ? " open" : ""}><summary>${summary}</summary>${body}</details>\n`;
  };
  for await (const one of rows) {
    some.push(one);
    number += 1;
    if (some.length === rowsTogether) yield part();
  }
  if (some.length > 0) yield part();
  if (number === 0) yield paragraph("None.");
}

/** The meanings of the counts, in the order of the page. */
const countNames: Readonly<Record<string, string>> = {
  messages: "Messages in the plan",
  calendar_entries: "Calendar entries of invitations",
  recoverable_copies: "Copies in the Recoverable Items",
  sent_copies: "Copies of senders",
  mailboxes: "Mailboxes with such messages",
  examined: "Mailboxes that were examined completely",
  unexamined: "Mailboxes that could not be examined completely",
  done: "Done",
  failed: "Failed",
  changed: "Differs from the plan; left unchanged by the sweep",
  gone: "Gone, and not known whether the sweep removed them",
  waiting: "Not begun",
  unknown: "Begun, and the outcome is not known",
  undone: "Undone",
  not_undone: "Could not be undone",
  not_undoable: "Cannot be undone: the action gave nothing by which it could be",
  restored_copies: "Of those undone: copies restored from evidence",
  undo_unknown: "Undo begun, and its outcome is not known",
};

function countRows({ counts }: SweepDocument, { evidence, withoutEvidence, undoable, restorable }: ReportNumbers): readonly Row[] {
  const known: Readonly<Record<string, number | undefined>> = counts;
  const names = [...new Set([...Object.keys(countNames), ...Object.keys(known)])];
  return [
    ...names.flatMap((name) => (known[name] === undefined ? [] : [[countNames[name] ?? name.replaceAll("_", " "), String(known[name])]])),
    ["Different pieces of evidence", String(evidence)],
    ["Done without evidence", String(withoutEvidence)],
    ["Can be undone", String(undoable)],
    ...(restorable > 0 ? [["Can be restored as copies from evidence", String(restorable)]] : []),
  ];
}

function soughtText({ find, residue = [] }: SweepDocument): string {
  const { internet_message_id: ids, mailboxes, finder, finders = [], groups = [], query = {}, traced, tracking_log: log } = find;
  const where = mailboxes === "all" ? "All mailboxes that the connection can list." : `Mailboxes that were named: ${mailboxes.length}.`;
  return list([
    ...ids.map((id) => `Internet Message-ID ${id}`),
    ...Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name.replaceAll("_", " ")}: ${value}`])),
    where,
    ...groups.map((group) => `Members of the group ${group}`),
    ...new Set([finder, ...finders]),
    ...(traced === undefined ? [] : [`Message trace from ${traced.from} to ${traced.to}: ${counted(traced.recipients, "recipient")}.`]),
    ...(log === undefined
      ? []
      : [
          `Message tracking log with the SHA-256 ${log.sha256}: ${log.matched} of ${counted(log.rows, "row")}, ${counted(log.recipients, "recipient")}.`,
        ]),
    ...(residue.length === 0 ? [] : [`Residue: ${residue.map((kind) => residueNames[kind]).join(", ")}.`]),
  ]);
}

const residueNames = { calendar: "calendar entry", recoverable: "recoverable copy", sender: "copy of the sender" } as const;

function timeRows({ sweep, events }: ReportSource): readonly Row[] {
  const steps: readonly (readonly [string | undefined, string, string | undefined])[] = [
    [sweep.planned_at, "planned", sweep.planned_by],
    [sweep.approved_at, "approved", sweep.approved_by],
    [sweep.begun_at, "begun", sweep.begun_by],
    [sweep.ended_at, sweep.ended_state ?? sweep.state, undefined],
    [sweep.undo_begun_at, "undo begun", sweep.undo_begun_by],
    [sweep.undo_ended_at, `undo ${sweep.state}`, undefined],
    ...(events ?? []).map(({ time, action, actor }) => [time, `${action} (audit log)`, actor] as const),
  ];
  const rows = steps.flatMap(([time, step, by]) => (time === undefined ? [] : [[time, step, by ?? ""]]));
  return rows.sort(([a = ""], [b = ""]) => (a < b ? -1 : a > b ? 1 : 0));
}

function unknownTexts(sweep: SweepDocument, { mailboxes }: ReportNumbers): readonly string[] {
  const { unknown = 0, gone } = sweep.counts;
  const undoUnknown = mailboxes.reduce((sum, { states }) => sum + (states.get("undo not known") ?? 0), 0);
  const texts = [
    ...sweep.unexamined.map(({ mailbox, code, message }) => `Whether ${mailbox} has more such messages: ${message} (${code})`),
    ...(unknown > 0
      ? [`What became of ${counted(unknown, "message: it was", "messages: they were")} begun, and no outcome is recorded yet.`]
      : []),
    ...(undoUnknown > 0
      ? [
          `Whether ${counted(undoUnknown, "message is back: its", "messages are back: their")} undo was begun, and no outcome is recorded yet.`,
        ]
      : []),
    ...(gone > 0 ? [`Who removed ${counted(gone, "message that is", "messages that are")} gone.`] : []),
    "Whether such messages lie where mailcordon did not look: see Left alone.",
  ];
  return sweep.unexamined.length > 0 ? texts : ["Every mailbox of the plan was examined completely.", ...texts];
}

function undoTexts(sweep: SweepDocument, { undoable, restorable, notUndoable }: ReportNumbers): readonly string[] {
  return [
    `${counted(undoable, "message")} can be undone: mailcordon sweep undo ${sweep.sweep}`,
    ...(restorable > 0
      ? [
          `${counted(restorable, "message can be restored as a copy from its", "messages can be restored as copies from their")} evidence, by the same command.`,
        ]
      : []),
    ...(notUndoable > 0 ? [`${counted(notUndoable, "message that is", "messages that are")} done cannot be undone.`] : []),
    ...(sweep.restored_from_evidence ?? []),
    ...sweep.cannot_be_undone,
  ];
}

function hashesText({ plan_hash }: SweepDocument, { evidence }: ReportNumbers): string {
  return `<p>Plan (SHA-256): <code>${escaped(plan_hash)}</code></p>
${paragraph(`The table of messages has the SHA-256 of each message that was kept as evidence (${evidence} different ones).`)}`;
}

function statesText(states: ReadonlyMap<string, number>): string {
  return [...states].map(([state, number]) => `${state}: ${number}`).join(", ");
}
