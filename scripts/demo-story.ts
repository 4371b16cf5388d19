import type { Answer, Result } from "../src/answer.ts";
import type { Timeline } from "./demo-timeline.ts";

/** Does one action and gives its answer. */
export type Act = (action: string, input: Readonly<Record<string, unknown>>) => Promise<Answer>;

/** Who is who in the organisation that the story is told of. */
export interface Cast {
  readonly soc: string;
  /** Where people report phishing by forwarding it as an attachment. */
  readonly reporting: string;
}

/** What the story is about, as found out on the way. */
interface Case {
  readonly messageId: string;
  readonly subject: string;
  readonly sender: string;
  readonly reporter: string;
  readonly reportItemId: string;
}

/** How many messages one search of the story may bring. */
const many = 500;

/** Tells one incident, from the report to the last notice. Throws when anything is not as it should be at the end. */
export async function tellStory(act: Act, timeline: Timeline, cast: Cast): Promise<void> {
  const found = await readReport(act, timeline, cast);
  await lookAround(act, timeline, found);
  const copies = await findCopies(act, timeline, found);
  await keepEvidence(act, timeline, copies);
  await disarm(act, timeline, cast, copies);
  await remove(act, timeline, found, copies);
  await tellPeople(act, timeline, cast, found, copies);
}

async function readReport(act: Act, timeline: Timeline, cast: Cast): Promise<Case> {
  timeline.step("Somebody reported a mail: read the newest report, and the mail attached to it");
  const reports = await act("search-emails-extended", { mailboxes: cast.reporting, folder: "inbox", has_attachments: true, limit: 20 });
  for (const report of list(reports, "items")) {
    const reportItemId = text(report, "item_id");
    const attached = await act("get-attachments", { mailbox: cast.reporting, item_id: reportItemId });
    const mail = (attached.results ?? [])
      .flatMap((result) => attachedMessages(result))
      .find((item) => text(item, "internet_message_id") !== "");
    if (mail === undefined) continue;
    const found = {
      messageId: text(mail, "internet_message_id"),
      subject: text(mail, "subject"),
      sender: address(mail, "from"),
      reporter: address(report, "from"),
      reportItemId,
    };
    timeline.say(`Reported by ${found.reporter}: "${found.subject}" from ${found.sender}, Message-ID ${found.messageId}`);
    return found;
  }
  throw new Error("no report in the reporting mailbox carries a mail with a Message-ID");
}

async function lookAround(act: Act, timeline: Timeline, found: Case): Promise<void> {
  timeline.step("Can the reporter be asked? Whom else could the mail have reached through the address book?");
  const away = await act("get-out-of-office", { mailbox: found.reporter });
  timeline.say(`${found.reporter} is ${away.is_active_now === true ? "out of office now" : "not out of office"} (${String(away.state)})`);
  await act("get-contacts", { mailbox: found.reporter });
  await act("get-searchable-mailboxes", {});
}

/** One message to take out, and where it lies. */
interface Copy {
  readonly mailbox: string;
  readonly itemId: string;
  readonly messageId: string;
  readonly folder: string;
  readonly subject: string;
  readonly attachments: boolean;
}

async function findCopies(act: Act, timeline: Timeline, found: Case): Promise<Copy[]> {
  timeline.step("Find every copy: by Message-ID, then by sender and subject for its variants");
  const same = await act("search-emails-extended", { mailboxes: "all", internet_message_id: found.messageId, limit: many });
  const alike = await act("search-emails-extended", { mailboxes: "all", sender: found.sender, subject: found.subject, limit: many });
  const copies = new Map<string, Copy>();
  for (const item of [...list(same, "items"), ...list(alike, "items")]) {
    const copy = {
      mailbox: text(item, "mailbox"),
      itemId: text(item, "item_id"),
      messageId: text(item, "internet_message_id"),
      folder: text(item, "folder_path"),
      subject: text(item, "subject"),
      attachments: item.has_attachments === true,
    };
    copies.set(copy.itemId, copy);
  }
  for (const copy of copies.values()) timeline.say(`  ${copy.mailbox.padEnd(28)} ${copy.folder.padEnd(26)} ${copy.messageId}`);
  if (copies.size === 0) throw new Error("the search found no copy of what was reported");
  return [...copies.values()];
}

async function keepEvidence(act: Act, timeline: Timeline, copies: readonly Copy[]): Promise<void> {
  timeline.step("Keep it as evidence: the exact bytes of each variant with hashes, and everything attached");
  for (const copy of onePer(copies, (each) => each.messageId)) {
    const mail = await act("download-mail-as-eml", { mailbox: copy.mailbox, item_id: copy.itemId });
    for (const result of mail.results ?? [])
      timeline.say(`  ${text(result, "safe_name")}  ${text(result, "size")} bytes  sha256 ${text(result, "sha256")}`);
    const files = await act("get-attachments", { mailbox: copy.mailbox, item_id: copy.itemId });
    for (const result of files.results ?? []) {
      timeline.say(
        `  ${"  ".repeat(number(result, "depth"))}${text(result, "kind")}: ${text(result, "name") || "(no name)"}  sha256 ${text(result, "sha256")}`,
      );
    }
  }
}

async function disarm(act: Act, timeline: Timeline, cast: Cast, copies: readonly Copy[]): Promise<void> {
  timeline.step("Disarm at once: attachments out of the copies that hold some, one copy to Junk Email, one set aside for the case");
  const armed = copies.find((copy) => copy.attachments);
  if (armed !== undefined) await act("delete-attachments", { mailbox: armed.mailbox, item_id: armed.itemId, all: true });
  const [first] = copies;
  if (first === undefined) return;
  await act("copy-email", {
    mailbox: first.mailbox,
    item_id: first.itemId,
    destination_mailbox: cast.soc,
    destination_folder: "Cases/Phishing",
    create_folder: true,
  });
  const last = copies.at(-1);
  if (last !== undefined) await act("junk-mail", { mailbox: last.mailbox, item_id: last.itemId, internet_message_id: last.messageId });
}

async function remove(act: Act, timeline: Timeline, found: Case, copies: readonly Copy[]): Promise<void> {
  timeline.step("Take it out of every mailbox: first dry, then guarded by the count, with evidence first and a look afterwards");
  for (const mailbox of new Set(copies.map((copy) => copy.mailbox))) {
    const messageIds = [...new Set(copies.filter((copy) => copy.mailbox === mailbox).map((copy) => copy.messageId))];
    const input = { mailbox, internet_message_id: messageIds };
    const dry = await act("delete-email", { ...input, dry_run: true });
    const planned = (dry.results ?? []).filter((result) => result.status === "planned").length;
    const gone = await act("delete-email", { ...input, expected_count: planned, keep_evidence: true });
    if (!gone.success || gone.results?.some((result) => result.verified !== true))
      throw new Error(`not everything was taken out of ${mailbox}`);
  }
  timeline.step("Verify that nothing is left");
  const left = [
    ...list(await act("search-emails-extended", { mailboxes: "all", internet_message_id: found.messageId, limit: many }), "items"),
    ...list(await act("search-emails-extended", { mailboxes: "all", sender: found.sender, subject: found.subject, limit: many }), "items"),
  ].filter((item) => text(item, "folder_path") !== "Cases/Phishing");
  if (left.length > 0) throw new Error(`${left.length} copies are left`);
  timeline.say("No copy is left in any mailbox, but the one set aside for the case.");
}

async function tellPeople(act: Act, timeline: Timeline, cast: Cast, found: Case, copies: readonly Copy[]): Promise<void> {
  timeline.step("Tell people: thank the reporter, warn whoever had it, and know who will not read it today");
  await act("reply-to-email", {
    mailbox: cast.reporting,
    item_id: found.reportItemId,
    body_text: "Thank you: it was phishing. It has been taken out of every mailbox. Please do not open it elsewhere.",
  });
  await act("send-email", {
    mailbox: cast.soc,
    to: [...new Set(copies.map((copy) => copy.mailbox))],
    subject: "A phishing mail was removed from your mailbox",
    body_text: `Between then and now you had a mail from ${found.sender}. It was phishing and has been removed. If you opened it, call the service desk.`,
  });
  for (const mailbox of new Set(copies.map((copy) => copy.mailbox))) {
    const away = await act("get-out-of-office", { mailbox });
    if (away.is_active_now === true) timeline.say(`  ${mailbox} is away: tell them in another way`);
  }
}

/** The message inside an attached message. */
function attachedMessages(result: Result): Record<string, unknown>[] {
  const message = result.message;
  return isObject(message) ? [message] : [];
}

function onePer<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

function list(answer: Readonly<Record<string, unknown>>, name: string): Record<string, unknown>[] {
  const value = answer[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(row: Readonly<Record<string, unknown>>, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function number(row: Readonly<Record<string, unknown>>, name: string): number {
  const value = row[name];
  return typeof value === "number" ? value : 0;
}

function address(row: Readonly<Record<string, unknown>>, name: string): string {
  const value = row[name];
  return isObject(value) ? text(value, "address") : text(row, name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
