import { createHash } from "node:crypto";
import { Failure } from "../../failure.ts";
import { isAddress } from "./address-file.ts";
import { plainName, readCsv } from "./csv-rows.ts";

/** The recipients of messages in a message tracking log. Each list has each address once. */
export interface TrackedRecipients {
  /** Recipients whose message was delivered or is in transit: their mailboxes are searched. */
  readonly recipients: readonly string[];
  /** Groups that Exchange expanded. The log lists their members as recipients. */
  readonly groups: readonly string[];
  /** Recipients whose message was sent to another server and not delivered here: external ones, for example. */
  readonly sentOn: readonly string[];
  readonly failed: readonly string[];
  /** Recipients without an SMTP address, so their mailboxes cannot be opened. */
  readonly strange: readonly string[];
  /** Number of rows about the messages; `rows` is the number in the file. */
  readonly matched: number;
  readonly rows: number;
  /** SHA-256 of the text, hexadecimal. */
  readonly sha256: string;
}

/** The rows to read: those about messages that match every filter. */
export interface TrackedQuery {
  readonly internetMessageIds: readonly string[];
  readonly sender?: string | undefined;
  readonly subject?: string | undefined;
}

/** https://learn.microsoft.com/en-us/exchange/mail-flow/transport-logs/message-tracking */
const sentEvents: ReadonlySet<string> = new Set(["SEND", "SENDEXTERNAL", "HAREDIRECT", "HADISCARD"]);
const failedEvents: ReadonlySet<string> = new Set(["FAIL", "BADMAIL", "DSN", "DROP", "POISONMESSAGE"]);
const deliveredEvents: ReadonlySet<string> = new Set(["DELIVER", "DUPLICATEDELIVER", "PROCESS", "PROCESSMEETINGMESSAGE"]);

const exportHint =
  "Export it so: Get-MessageTrackingLog -MessageId '<…>' -ResultSize Unlimited | Select-Object Timestamp,EventId,Source,MessageId,Sender,MessageSubject,RelatedRecipientAddress,@{n='Recipients';e={$_.Recipients -join ';'}} | Export-Csv tracking.csv -NoTypeInformation -Encoding UTF8";

/**
 * Reads the recipients of messages from a message tracking log: a CSV export of Get-MessageTrackingLog, or a log file of the server. Throws Failure
 * `invalid-input`.
 */
export async function readTrackingLog(text: string, query: TrackedQuery): Promise<TrackedRecipients> {
  const what = "The message tracking log";
  const [, fields] = /^#Fields: *(.+)$/m.exec(text) ?? [];
  const [first, ...rest] = await readCsv(text, what, { comments: true });
  const header = fields === undefined ? first?.cells : fields.split(",");
  const data = fields === undefined || first === undefined ? rest : [first, ...rest];
  const names = (header ?? []).map(plainName);
  const column = (...known: readonly string[]) => names.findIndex((name) => known.includes(name));
  const at = {
    event: column("eventid"),
    recipients: column("recipients", "recipientaddress"),
    related: column("relatedrecipientaddress"),
    id: column("messageid"),
    sender: column("sender", "senderaddress"),
    subject: column("messagesubject"),
  };
  const missing = [at.event < 0 ? "EventId" : "", at.recipients < 0 ? "Recipients" : "", at.id < 0 ? "MessageId" : ""].filter(Boolean);
  if (missing.length > 0) throw new Failure("invalid-input", `${what} has no column ${missing.join(", ")}.`, { hint: exportHint });
  const wanted = new Set(query.internetMessageIds.map(bare));
  const list = () => new Map<string, string>();
  const seen = { delivered: list(), other: list(), sent: list(), failed: list(), groups: list(), strange: list() };
  let matched = 0;
  for (const { cells, line } of data) {
    const cell = (index: number) => cells[index] ?? "";
    if (!isMeant(query, wanted, { id: cell(at.id), sender: cell(at.sender), subject: cell(at.subject) })) continue;
    matched += 1;
    const recipients = cell(at.recipients);
    // Export-Csv writes this text in place of a list.
    if (/^System\.String\[\]$/i.test(recipients)) {
      const message = `${what} has no recipients, only the type of their list (row ${line}): Export-Csv does not write lists.`;
      throw new Failure("invalid-input", message, { hint: exportHint });
    }
    const event = cell(at.event).toUpperCase();
    const kind = deliveredEvents.has(event) ? "delivered" : sentEvents.has(event) ? "sent" : failedEvents.has(event) ? "failed" : "other";
    for (const address of listed(recipients)) seen[isAddress(address) ? kind : "strange"].set(address.toLowerCase(), address);
    if (event === "EXPAND") for (const group of listed(cell(at.related))) seen.groups.set(group.toLowerCase(), group);
  }
  const { delivered, other, sent, failed, groups, strange } = seen;
  const without = (from: ReadonlyMap<string, string>, ...others: readonly ReadonlyMap<string, string>[]) =>
    [...from].filter(([key]) => !others.some((one) => one.has(key))).map(([, address]) => address);
  return {
    recipients: [...delivered.values(), ...without(other, delivered, sent, failed, groups)],
    groups: without(groups, delivered),
    sentOn: without(sent, delivered, groups),
    failed: without(failed, delivered, sent, groups),
    strange: [...strange.values()],
    matched,
    rows: data.length,
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}

function isMeant(
  { sender, subject }: TrackedQuery,
  wanted: ReadonlySet<string>,
  row: { readonly id: string; readonly sender: string; readonly subject: string },
): boolean {
  const holds = (text: string, part: string | undefined) => part === undefined || text.toLowerCase().includes(part.toLowerCase());
  return (wanted.size === 0 || wanted.has(bare(row.id))) && holds(row.sender, sender) && holds(row.subject, subject);
}

const bare = (id: string): string => id.trim().replace(/^<|>$/g, "");

function listed(addresses: string): readonly string[] {
  return addresses
    .split(/[;\n]/)
    .map((one) => one.replace(/^smtp:/i, "").trim())
    .filter((one) => one !== "");
}
