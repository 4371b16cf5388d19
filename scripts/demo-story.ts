import type { Answer, Result } from "../src/catalogue/answer-envelope.ts";
import { type SweepStage, tellSweep } from "./demo-sweep.ts";
import type { Timeline } from "./demo-timeline.ts";

/** Runs one action and returns its answer. `silent`: the same as a printed one, with another mailbox. */
export type Act = (action: string, input: Readonly<Record<string, unknown>>, silent?: "silent") => Promise<Answer>;

/** The people in the organisation of the demo. */
export interface Cast {
  readonly soc: string;
  /** The mailbox to which people forward phishing messages as attachments. */
  readonly reporting: string;
}

/** The facts of the incident, as they are found. */
interface Case {
  readonly messageId: string;
  readonly subject: string;
  readonly sender: string;
  readonly reporter: string;
  readonly report: Name;
}

/** Folder for a copy of the message. */
const caseFolder = "Cases/Phishing";

/** Maximum number of messages in one search. */
const many = 500;

/** Plays one incident, from the report to the last notice. Throws if the result is not the expected one. */
export async function tellStory(act: Act, stage: SweepStage, timeline: Timeline, cast: Cast): Promise<void> {
  const found = await readReport(act, timeline, cast);
  await lookAround(act, timeline, found);
  await tellSweep(stage, timeline, found);
  const copies = await findCopies(act, timeline, found);
  await keepEvidence(act, timeline, copies);
  await disarm(act, timeline, cast, copies);
  await remove(act, timeline, found, copies);
  await tellPeople(act, timeline, cast, found, copies);
}

async function readReport(act: Act, timeline: Timeline, cast: Cast): Promise<Case> {
  timeline.step("Somebody reported a mail: read the report, and the mail attached to it");
  const reports = await act("search-emails-extended", { mailbox: cast.reporting, folder: "inbox", has_attachments: true });
  for (const report of list(reports, "items")) {
    const named = nameOf(report);
    const attached = await act("get-attachments", { mailbox: cast.reporting, ...named });
    const mail = (attached.results ?? [])
      .flatMap((result) => attachedMessages(result))
      .find((item) => text(item, "internet_message_id") !== "");
    if (mail === undefined) continue;
    const found = {
      messageId: text(mail, "internet_message_id"),
      subject: text(mail, "subject"),
      sender: address(mail, "from"),
      reporter: address(report, "from"),
      report: named,
    };
    timeline.say("");
    timeline.rows([
      ["Reported by", found.reporter],
      ["Subject", found.subject],
      ["Sender", found.sender],
      ["Message-ID", found.messageId],
    ]);
    return found;
  }
  throw new Error("no report in the reporting mailbox carries a mail with a Message-ID");
}

async function lookAround(act: Act, timeline: Timeline, found: Case): Promise<void> {
  timeline.step("Can the reporter be asked? Whom do they know? Which mailboxes can be searched?");
  await act("get-out-of-office", { mailbox: found.reporter });
  await act("get-contacts", { mailbox: found.reporter });
  await act("get-searchable-mailboxes", {});
}

/** Returns the selection of a message by the id that a move does not change, if it has one. */
type Name = { readonly internet_message_id: string } | { readonly item_id: string };

function nameOf(item: Readonly<Record<string, unknown>>): Name {
  const messageId = text(item, "internet_message_id");
  return messageId === "" ? { item_id: text(item, "item_id") } : { internet_message_id: messageId };
}

/** One message to delete, and its folder. */
interface Copy {
  readonly mailbox: string;
  readonly itemId: string;
  readonly name: Name;
  readonly folder: string;
  readonly attachments: boolean;
}

async function findCopies(act: Act, timeline: Timeline, found: Case): Promise<Copy[]> {
  timeline.step(
    "The same by hand, with commands for one mailbox: find every copy by Message-ID, then by sender and subject for its variants",
  );
  const copies = new Map<string, Copy>();
  for (const item of await everywhere(act, found)) {
    const copy = {
      mailbox: text(item, "mailbox"),
      itemId: text(item, "item_id"),
      name: nameOf(item),
      folder: text(item, "folder_path"),
      attachments: item.has_attachments === true,
    };
    copies.set(copy.itemId, copy);
  }
  if (copies.size === 0) throw new Error("the search found no copy of what was reported");
  timeline.say("");
  timeline.rows([...copies.values()].map(({ mailbox, folder, name }) => [mailbox, folder, ...Object.values(name)]));
  return [...copies.values()];
}

/** Returns the results of the two searches in all mailboxes. */
async function everywhere(act: Act, { messageId, sender, subject }: Case): Promise<Record<string, unknown>[]> {
  const same = await act("search-emails-extended", { mailboxes: "all", internet_message_id: messageId, limit: many });
  const alike = await act("search-emails-extended", { mailboxes: "all", sender, subject, limit: many });
  return [...list(same, "items"), ...list(alike, "items")];
}

async function keepEvidence(act: Act, timeline: Timeline, copies: readonly Copy[]): Promise<void> {
  timeline.step("Keep it as evidence: the exact bytes of each variant with hashes, and everything attached");
  for (const { mailbox, name } of onePer(copies, (copy) => Object.values(copy.name).join())) {
    const mail = await act("download-mail-as-eml", { mailbox, ...name });
    timeline.rows((mail.results ?? []).map((result) => kept(result, text(result, "safe_name"))));
    const files = await act("get-attachments", { mailbox, ...name });
    timeline.rows((files.results ?? []).map((result) => kept(result, "  ".repeat(number(result, "depth") - 1) + attachmentName(result))));
  }
}

function attachmentName(result: Result): string {
  const inside = result.kind === "item" ? "mail: " : "";
  return `${inside}${text(result, "name") || "(no name)"}`;
}

function kept(result: Result, name: string): string[] {
  // The beginning of a hash is enough to recognise it; the index of the evidence has all of it.
  return [name, `${text(result, "size")} bytes`.padStart(12), `sha256 ${text(result, "sha256").slice(0, 16)}…`];
}

async function disarm(act: Act, timeline: Timeline, cast: Cast, copies: readonly Copy[]): Promise<void> {
  timeline.step("Disarm: attachments out of one copy, one put aside for the case, one into Junk Email");
  const armed = copies.find((copy) => copy.attachments);
  if (armed !== undefined) await act("delete-attachments", { mailbox: armed.mailbox, ...armed.name, all: true });
  const [first] = copies;
  const last = copies.at(-1);
  if (first === undefined || last === undefined) return;
  await act("copy-email", {
    mailbox: first.mailbox,
    ...first.name,
    destination_mailbox: cast.soc,
    destination_folder: caseFolder,
    create_folder: true,
  });
  await act("junk-mail", { mailbox: last.mailbox, ...last.name });
}

async function remove(act: Act, timeline: Timeline, found: Case, copies: readonly Copy[]): Promise<void> {
  timeline.step("Take it out everywhere: dry first, then with a count, evidence and a look afterwards");
  const others: string[][] = [];
  const mailboxes = [...new Set(copies.map((copy) => copy.mailbox))];
  for (const mailbox of mailboxes) {
    const silent = mailbox === mailboxes[0] ? undefined : "silent";
    const input = { mailbox, ...namesIn(copies, mailbox) };
    const dry = await act("delete-email", { ...input, dry_run: true }, silent);
    const planned = (dry.results ?? []).filter((result) => result.status === "planned").length;
    const gone = await act("delete-email", { ...input, expected_count: planned, keep_evidence: true }, silent);
    if (!gone.success || gone.results?.some((result) => result.verified !== true))
      throw new Error(`not everything was taken out of ${mailbox}`);
    if (silent) others.push([mailbox, gone.message]);
  }
  if (others.length > 0) {
    timeline.say("");
    timeline.say("The same in the other mailboxes:");
    timeline.rows(others);
  }
  timeline.step("Verify that nothing is left but the copy put aside for the case");
  const left = (await everywhere(act, found)).filter((item) => text(item, "folder_path") !== caseFolder);
  if (left.length > 0) throw new Error(`${left.length} copies are left`);
}

/** Returns the selection of the messages of one mailbox: by Message-ID if all have one. */
function namesIn(copies: readonly Copy[], mailbox: string): Record<string, string[]> {
  const here = copies.filter((copy) => copy.mailbox === mailbox);
  const ids = here.flatMap(({ name }) => ("internet_message_id" in name ? [name.internet_message_id] : []));
  return ids.length === here.length ? { internet_message_id: [...new Set(ids)] } : { item_id: here.map(({ itemId }) => itemId) };
}

async function tellPeople(act: Act, timeline: Timeline, cast: Cast, found: Case, copies: readonly Copy[]): Promise<void> {
  timeline.step("Tell people: thank the reporter, warn whoever had it, and know who will not read it today");
  await act("reply-to-email", {
    mailbox: cast.reporting,
    ...found.report,
    body_text: "Thank you: it was phishing, and it is out of every mailbox.",
  });
  const mailboxes = [...new Set(copies.map((copy) => copy.mailbox))];
  await act("send-email", {
    to: [cast.soc],
    // Nobody needs to know who else had it.
    bcc: mailboxes,
    subject: "A phishing mail was removed from your mailbox",
    body_text: "If you opened it, please call the service desk.",
  });
  const away: string[] = [];
  for (const mailbox of mailboxes) {
    const answer = await act("get-out-of-office", { mailbox }, mailbox === mailboxes[0] ? undefined : "silent");
    if (answer.is_active_now === true) away.push(mailbox);
  }
  timeline.say(away.length === 0 ? "Nobody is away." : `Away, to be told in another way: ${away.join(", ")}`);
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
