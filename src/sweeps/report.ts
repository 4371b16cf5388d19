import type { sweepDocument, targetDocument } from "./sweeps.ts";

export type SweepDocument = ReturnType<typeof sweepDocument>;
export type TargetDocument = ReturnType<typeof targetDocument>;

/** One row for each message, in the order of their columns. */
const columns = [
  ...["mailbox", "state", "undo", "subject", "from", "received_at", "folder_path", "internet_message_id", "size", "item_id", "new_item_id"],
  ...["evidence_sha256", "outcome_at", "undo_outcome_at", "reason"],
] as const;
type Cells = Readonly<Record<(typeof columns)[number], string>>;

function cellsOf(target: TargetDocument): Cells {
  const { outcome, undo_outcome } = target;
  return {
    mailbox: target.mailbox,
    state: target.state,
    undo: target.undo ?? "",
    subject: target.subject ?? "",
    from: target.from ?? "",
    received_at: target.received_at ?? "",
    folder_path: target.folder_path ?? "",
    internet_message_id: target.internet_message_id ?? "",
    size: String(target.size ?? ""),
    item_id: target.item_id,
    new_item_id: undo_outcome?.new_item_id ?? outcome?.new_item_id ?? "",
    evidence_sha256: outcome?.evidence?.sha256 ?? "",
    outcome_at: target.outcome_at ?? "",
    undo_outcome_at: target.undo_outcome_at ?? "",
    reason: reasonOf(target),
  };
}

/** Why a message is not done, or what a look has shown; empty where the state says it all. */
function reasonOf({ outcome, undo_outcome }: TargetDocument): string {
  const texts = [outcome, undo_outcome].flatMap((kept) => [kept?.error?.message, kept?.message, kept?.settled_by_look, kept?.note]);
  return texts.filter((text) => text !== undefined).join(" ");
}

/** What a terminal or an editor would obey; in a cell, a line break as well. */
const obeyed = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** Spreadsheets run a cell that begins so as a formula: https://owasp.org/www-community/attacks/CSV_Injection */
const formula = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** RFC 4180, one line for each message. No cell is a formula. */
export function reportCsv(targets: readonly TargetDocument[]): string {
  const quoted = (text: string) => {
    const shown = text.replace(obeyed, "\ufffd");
    return `"${(formula.test(shown) ? `'${shown}` : shown).replaceAll('"', '""')}"`;
  };
  const lines = targets.map((target) => {
    const cells = cellsOf(target);
    return columns.map((name) => quoted(cells[name])).join(",");
  });
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Text for HTML, between tags and in attributes of double quotes. */
function escaped(text: string): string {
  return text
    .replace(obeyed, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
th{border-bottom:2px solid #888}code{font-size:.9em;overflow-wrap:anywhere}.n{font-size:1.4rem;font-weight:600}`;

/**
 * One page that loads and runs nothing, for people who decide: numbers, times, messages with reasons, hashes. Every text of a message is escaped, and the policy
 * of the page forbids scripts, images and requests, should one be missed.
 */
export function reportHtml(message: string, sweep: SweepDocument, targets: readonly TargetDocument[]): string {
  const row = (cells: readonly string[], tag = "td") => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    `<table><thead>${row(head, "th")}</thead><tbody>${rows.map((cells) => row(cells)).join("\n")}</tbody></table>`;
  const list = (title: string, texts: readonly string[]) =>
    texts.length === 0 ? "" : `<h2>${escaped(title)}</h2><ul>${texts.map((text) => `<li>${escaped(text)}</li>`).join("")}</ul>`;
  const times = [
    ["planned", sweep.planned_at, sweep.planned_by],
    ["approved", sweep.approved_at, sweep.approved_by],
    ["begun", sweep.begun_at, sweep.begun_by],
    ["ended", sweep.ended_at, undefined],
  ].flatMap(([what = "", at, by = ""]) => (at === undefined ? [] : [[what, at, by]]));
  const rows = targets.map((target) => {
    const { mailbox, state, undo, subject, from, received_at, folder_path, evidence_sha256, reason } = cellsOf(target);
    return [mailbox, undo === "" ? state : `${state}, ${undo}`, subject, from, received_at, folder_path, evidence_sha256, reason];
  });
  const counts = Object.entries(sweep.counts).map(([name, count]) => [name.replaceAll("_", " "), String(count)]);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width"><title>${escaped(`Sweep ${sweep.sweep}`)}</title><style>${style}</style></head><body>
<h1>${escaped(`Sweep ${sweep.sweep}: ${sweep.action}`)}</h1><p>${escaped(message)}</p>
<p>Plan: <code>${escaped(sweep.plan_hash)}</code></p>
<p>Messages: ${sweep.find.internet_message_id.map((id) => `<code>${escaped(id)}</code>`).join(", ")}. ${escaped(sweep.find.finder)}</p>
<h2>Numbers</h2>${table(["what", "number"], counts)}
<h2>Times</h2>${table(["step", "time (UTC)", "by"], times)}
${list(
  "Mailboxes that could not be examined completely",
  sweep.unexamined.map((one) => `${one.mailbox}: ${one.message}`),
)}
${list("Cannot be undone", sweep.cannot_be_undone)}
${list("Left alone", sweep.left_alone)}
<h2>Messages</h2>${table(["mailbox", "state", "subject", "from", "received", "folder", "evidence (SHA-256)", "reason"], rows)}
</body></html>
`;
}
