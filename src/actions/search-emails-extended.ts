import * as z from "zod";
import { type Context, defineWholeAnswerAction } from "../catalogue/action-definition.ts";
import { Counts, completenessFields, ErrorNoun, errorNoun } from "../catalogue/answer-envelope.ts";
import { ArchiveNoun, commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters, mostItems } from "../catalogue/limits.ts";
import { MessageRow, messageRow } from "../catalogue/message-row.ts";
import { narrowing, spellings } from "../catalogue/read-input.ts";
import { archive, archiveOf, checkArchive, folder, narrowingMessageIds } from "../catalogue/selection-fields.ts";
import { narrowingList } from "../catalogue/text-lists.ts";
import type { Detail } from "../exchange/message.ts";
import { appliedWays, type FilterName, type Filters } from "../exchange/search/search-query.ts";
import { Failure } from "../failure.ts";
import { type MailboxToSearch, readPosition, type SearchResult, searchMany, writePosition } from "./search-many.ts";

const fieldNames = Object.keys(MessageRow.shape);

// No filter is dropped: an empty one is refused, or means something.
const text = (description: string, most: number = mostCharacters.search) =>
  z.string().min(1).max(most).register(narrowing).optional().describe(description);
const bytes = (description: string) => z.number().int().min(0).register(narrowing).optional().describe(description);
const yesOrNo = (description: string) => z.boolean().register(narrowing).optional().describe(description);
const time = (description: string) =>
  z
    .string()
    // A time with its zone has some thirty.
    .max(64)
    .refine((value) => utc(value) !== undefined, "not a time; write it as 2026-01-31T12:00:00Z or 2026-01-31")
    .register(narrowing)
    .optional()
    .describe(`${description} ISO 8601; without a zone, UTC.`);

// It says of each mailbox how far the search has come: some 300 characters for each of fifty thousand.
const longestCursor = 16 * 1024 * 1024;

const input = z.strictObject({
  ...commonFields,
  mailboxes: narrowingList(
    "Mailboxes to search instead of one: a list, or the word all for every mailbox that the account may search.",
    mostCharacters.mailbox,
  ),
  folder: folder.describe(
    "Where to look: a well-known name, a path (Inbox/Reports), or a folder id. Default: every folder that can hold mail.",
  ),
  recursive: z.boolean().register(narrowing).default(true).describe("Also the folders below."),
  include_recoverable: z
    .boolean()
    .default(false)
    .describe(
      "Also the Deletions of the Recoverable Items, where messages lie that were deleted softly. Purges (deleted for good) and what a hold keeps are not searched: over Exchange Web Services name recoverableitemsroot as folder.",
    ),
  archive,
  // Empty, with subject_match equals: a message without a subject. No form can say that, so the description does not either.
  subject: z.string().max(mostCharacters.search).register(narrowing).optional().describe("Text of the subject, ignoring case."),
  subject_match: z.enum(["contains", "equals", "prefix"]).register(narrowing).default("contains").describe("How subject is compared."),
  sender: text("Part of the address or name of the sender."),
  recipient: text("Part of an address or name in To, Cc or Bcc."),
  body: text("Text that the body contains, ignoring case."),
  body_regex: text("A regular expression (RE2 syntax) that the text of the body must match somewhere."),
  attachment_name: text("Part of the name of an attachment, also of one inside an attached message."),
  attachment_sha256: z
    .string()
    .max(64)
    .regex(/^[0-9a-f]{64}$/i, "not 64 hexadecimal digits")
    .register(narrowing)
    .optional()
    .describe("SHA-256 of a file attachment, hexadecimal, also of one inside an attached message."),
  internet_message_id: narrowingMessageIds,
  conversation_id: text("Id of the conversation.", mostCharacters.id),
  received_after: time("Received at this time or later."),
  received_before: time("Received before this time."),
  // Ten years, so that a slip of the keyboard is noticed.
  last_minutes: z.number().int().min(1).max(5_256_000).register(narrowing).optional().describe("Received in so many minutes before now."),
  has_attachments: yesOrNo("With attachments, or without. Exchange counts no inline ones. Default: both."),
  is_unread: yesOrNo("Not read yet, or read. Default: both."),
  min_size: bytes("At least so many bytes."),
  max_size: bytes("At most so many bytes."),
  importance: z.enum(["Low", "Normal", "High"]).register(narrowing).optional().describe("Importance of the message."),
  category: text("A category that it has."),
  item_class: text("This item class or one below it, such as IPM.Schedule."),
  query: text("A query in the server's own language (on Exchange: AQS). It finds words from their beginning, and only in what is indexed."),
  // All are held at once, and merged in order: 10 000 summaries are some 20 MB.
  limit: z.number().int().min(1).max(10_000).default(50).describe("How many messages at most, over the whole search, newest first."),
  cursor: z.string().min(1).max(longestCursor).optional().describe("next_cursor of the page before; all filters stay as they were."),
  fields: z
    .array(z.enum(fieldNames))
    .max(mostItems)
    .register(spellings, { split: (words) => words.split(/[,\s]+/) })
    .optional()
    .describe(
      "Which columns to give; recipients, attachments and headers are only read when they are named. item_id and mailbox always come.",
    ),
  include_body: z.enum(["none", "preview", "text", "html"]).default("none").describe("Whether and how to give the body."),
});
type Input = z.output<typeof input>;

const Applied = z.enum(appliedWays);

/** Finds messages, newest first over all mailboxes and folders, and says where each filter was applied. */
export const searchEmailsExtended = defineWholeAnswerAction({
  name: "search-emails-extended",
  title: "Search Emails Extended",
  summary: "Find messages in one, some or all mailboxes.",
  uses: ["search"],
  sometimes: [{ uses: ["searchableMailboxes"], when: "with `mailboxes` all" }],
  overGraph: {
    supported: "some",
    differs:
      "More filters are applied by the client: the answer says which. Public folders and `archive` are refused; of the Recoverable Items only deletions are searched.",
    why: "Graph takes $filter and $search, never both, and reaches no more folders.",
  },
  input,
  example: { mailboxes: ["all"], sender: "billing@example.net", last_minutes: 1440 },
  glance: {
    columns: ["mailbox", "received_at", "subject", "from", "folder_path", "internet_message_id", "has_attachments", "item_id"],
    members: ({ items, total, truncated, applied, per_mailbox }) => {
      const several = truncated && per_mailbox.length > 1;
      const here = Object.keys(applied).filter((name) => applied[name] === "client");
      const unchecked = Object.keys(applied).filter((name) => applied[name] === "server, unchecked");
      return {
        items,
        // Where all is shown, the messages themselves say in which mailbox they are.
        per_mailbox: per_mailbox.filter(({ status, count }) => status !== "done" || (several && count > 0)),
        ...(truncated ? { total, more: "raise limit, or repeat with cursor: the next_cursor of the JSON answer" } : {}),
        ...(here.length > 0 ? { filtered_by_client: here } : {}),
        ...(unchecked.length > 0 ? { filtered_by_server_unchecked: unchecked } : {}),
      };
    },
  },
  output: z.strictObject({
    success: z.boolean(),
    message: z.string(),
    backend: z
      .string()
      .optional()
      .describe("Over which back end: auto where mailboxes of both were searched; per_mailbox says it of each."),
    counts: Counts.describe("Of mailboxes."),
    items: z.array(MessageRow.partial().extend({ mailbox: z.string(), item_id: z.string() })),
    total: z.number().optional().describe("How many messages match, where the server says so."),
    truncated: z.boolean().describe("There are more than the limit: go on with next_cursor. It is a success."),
    incomplete: completenessFields.incomplete.describe(
      "Present when a mailbox, a folder or a message could not be looked at: per_mailbox says which. Then `success` is false and the exit code 6.",
    ),
    next_cursor: z.string().optional(),
    archive: ArchiveNoun.describe(
      `${ArchiveNoun.description} Of several mailboxes: not_searched, unknown or searched, the first of these that is true of any.`,
    ),
    applied: z
      .record(z.string(), Applied)
      .describe(
        "Where each filter was applied; none is ever ignored. server: the results do not contradict it; client: by mailcordon, message by message; server, unchecked: the results do not show whether the server kept to it.",
      ),
    per_mailbox: z.array(
      z.strictObject({
        mailbox: z.string(),
        backend: z.string().optional().describe("The back end that it was searched over; absent when it could not be told which holds it."),
        status: z.enum(["done", "partly", "failed"]).describe("partly: see unsearched."),
        count: z.number().describe("How many of the items are from here."),
        total: z.number().optional(),
        archive: ArchiveNoun.describe("As for the whole answer, of this mailbox."),
        error: ErrorNoun.optional(),
        unsearched: z
          .array(z.strictObject({ folder_path: z.string().optional(), item_id: z.string().optional(), error: ErrorNoun }))
          .optional()
          .describe("Folders and messages that could not be looked at."),
      }),
    ),
  }),
}).run(async (input, context) => {
  checkArchive(input);
  const position = input.cursor === undefined ? undefined : cursorOf(input.cursor);
  const begun = input.last_minutes === undefined ? undefined : minutesBefore(context.now(), input.last_minutes);
  const filters = filtersOf(input, position?.receivedAfter ?? begun);
  const places = position === undefined ? await mailboxesToSearch(input, context) : mailboxesToContinue(input, position.places, context);
  const search = {
    filters,
    folder: input.folder,
    recursive: input.recursive,
    includeRecoverable: input.include_recoverable,
    archive: input.archive,
    limit: input.limit,
    detail: detailOf(input),
  };
  const { signal, deadline, progress } = context.call;
  const found = await searchMany(places, search, {
    signal,
    deadline,
    onProgress: (text) => progress?.(text),
    onMailbox: context.searching,
  });
  const [only] = found.mailboxes;
  // Where one mailbox was asked, its failure is that of the call.
  if (found.mailboxes.length === 1 && only?.failure !== undefined) throw only.failure;
  const next = found.mailboxes.flatMap(({ address, next }) => (next === undefined ? [] : [{ address, cursor: next.cursor }]));
  const failures = found.mailboxes.filter((mailbox) => mailbox.failure !== undefined).length;
  const partly = found.mailboxes.some((mailbox) => mailbox.unsearched.length > 0);
  // A connection to one back end asks nobody which it is.
  const { backend } = context.exchange;
  const backendOf = ({ backend: side }: SearchResult["mailboxes"][number]) => side ?? (backend === "auto" ? undefined : backend);
  const backends = new Set(found.mailboxes.map(backendOf).filter((side) => side !== undefined));
  const totals = found.mailboxes.map((mailbox) => mailbox.total);
  return omitUndefined({
    success: failures === 0 && !partly,
    message: summaryOf(found, failures, next.length > 0, partly),
    backend: backends.size > 1 ? "auto" : [...backends][0],
    counts: { requested: places.length, succeeded: places.length - failures, failed: failures, not_found: 0 },
    items: found.messages.map(({ address, message }) => ({ mailbox: address, ...selectColumns(messageRow(message), input.fields) })),
    total: totals.every((total) => total !== undefined) ? totals.reduce((sum, total) => sum + total, 0) : undefined,
    truncated: next.length > 0,
    incomplete: failures > 0 || partly ? (true as const) : undefined,
    archive: archiveOf(found.mailboxes.map((mailbox) => mailbox.archive)),
    next_cursor: next.length > 0 ? writePosition({ receivedAfter: filters.receivedAfter, places: next }) : undefined,
    applied: Object.fromEntries(Object.entries(found.applied).map(([name, where]) => [snakeCase(name), where])),
    per_mailbox: found.mailboxes.map((mailbox) => {
      const { address, count, total, failure, unsearched, archive } = mailbox;
      return omitUndefined({
        mailbox: address,
        backend: backendOf(mailbox),
        status: failure !== undefined ? ("failed" as const) : unsearched.length > 0 ? ("partly" as const) : ("done" as const),
        count,
        total,
        archive,
        error: failure && errorNoun(failure),
        unsearched:
          unsearched.length === 0
            ? undefined
            : unsearched.map((missed) =>
                omitUndefined({ folder_path: missed.folderPath, item_id: missed.itemId, error: errorNoun(missed.failure) }),
              ),
      });
    }),
  });
});

function cursorOf(text: string) {
  const position = readPosition(text);
  if (position === undefined) throw new Failure("invalid-input", "cursor: it is not one of ours; put next_cursor of the page before.");
  return position;
}

/** The mailboxes that the input means, each once. */
async function mailboxesToSearch(input: Input, context: Context<"search" | "searchableMailboxes">): Promise<readonly MailboxToSearch[]> {
  const { mailboxes } = input;
  // Only then is there need of one that is meant by default.
  if (mailboxes === undefined) return [{ mailbox: context.mailbox, cursor: undefined, until: () => context.mailbox }];
  const { exchange, call } = context;
  let addresses: readonly string[] = mailboxes;
  const closed = new Map<string, Failure>();
  if (isAll(mailboxes)) {
    const searchable = await exchange.searchableMailboxes({ expandGroups: false }, call);
    const listed = searchable.mailboxes.filter((found) => !found.isGroup && !found.isExternal);
    const nameless = searchable.failed.find((found) => found.mailbox === "");
    if (nameless !== undefined)
      throw new Failure("could-not-look", `Not every mailbox could be listed, so nothing was searched. ${nameless.message}`, {
        hint: "Name the mailboxes: those that can be listed are in the answer of get-searchable-mailboxes.",
        cause: nameless.failure,
      });
    // What Exchange could not tell about is searched as well: what is wrong with it is said then, and it is not left out in silence.
    // A person whose mailbox cannot be opened is named with the reason that was found: their mail was not looked at.
    const unopened = searchable.unopened ?? [];
    for (const { mailbox, failure } of unopened) if (failure !== undefined) closed.set(mailbox.toLowerCase(), failure);
    addresses = [...listed, ...searchable.failed, ...unopened].map((found) => found.mailbox).filter((address) => address !== "");
  }
  const once = new Map(addresses.map((address) => [address.toLowerCase(), address]));
  return [...once.values()].map((address) => ({
    ...searchTarget(address, undefined, context),
    failure: closed.get(address.toLowerCase()),
  }));
}

function isAll(mailboxes: readonly string[]): boolean {
  return mailboxes.length === 1 && mailboxes[0]?.toLowerCase() === "all";
}

/** A cursor goes on only where the input itself may look: it is no way round what the input says. */
function mailboxesToContinue(
  { mailboxes }: Input,
  places: readonly { readonly address: string; readonly cursor: string | undefined }[],
  context: Context<"search">,
): readonly MailboxToSearch[] {
  const allowed = new Set((mailboxes ?? [context.mailbox.address]).map((address) => address.toLowerCase()));
  const everywhere = mailboxes !== undefined && isAll(mailboxes);
  if (!everywhere && places.some(({ address }) => !allowed.has(address.toLowerCase()))) {
    throw new Failure("invalid-input", "cursor: it belongs to a search of other mailboxes; repeat mailbox or mailboxes unchanged.");
  }
  return places.map(({ address, cursor }) => searchTarget(address, cursor, context));
}

function searchTarget(address: string, cursor: string | undefined, { exchange, call }: Context<"search">): MailboxToSearch {
  return { mailbox: exchange.mailbox(address, call), cursor, until: (signal) => exchange.mailbox(address, { ...call, signal }) };
}

function filtersOf(input: Input, lastMinutes: string | undefined): Filters {
  const given = input.received_after === undefined ? undefined : utc(input.received_after);
  // Both bounds hold: the later one says it all.
  const after = [given, lastMinutes]
    .filter((bound) => bound !== undefined)
    .sort()
    .at(-1);
  return {
    subject: input.subject,
    subjectMatch: input.subject === undefined ? undefined : input.subject_match,
    sender: input.sender,
    recipient: input.recipient,
    body: input.body,
    bodyRegex: input.body_regex,
    attachmentName: input.attachment_name,
    attachmentSha256: input.attachment_sha256?.toLowerCase(),
    internetMessageId: input.internet_message_id,
    conversationId: input.conversation_id,
    receivedAfter: after,
    receivedBefore: input.received_before === undefined ? undefined : utc(input.received_before),
    hasAttachments: input.has_attachments,
    isUnread: input.is_unread,
    minSize: input.min_size,
    maxSize: input.max_size,
    importance: input.importance,
    category: input.category,
    itemClass: input.item_class,
    query: input.query,
  };
}

function detailOf({ fields, include_body }: Input): Detail {
  const wanted = new Set(fields);
  return {
    recipients: ["to", "cc", "bcc", "reply_to"].some((name) => wanted.has(name)),
    attachments: wanted.has("attachments"),
    headers: wanted.has("headers"),
    body: include_body === "none" ? undefined : include_body,
  };
}

/** The columns that were asked for, or all; the body comes because it was asked for by its own field. */
function selectColumns(row: MessageRow, fields: readonly string[] | undefined): Partial<MessageRow> & { item_id: string } {
  if (fields === undefined) return row;
  const wanted = new Set([...fields, "item_id", "body_text", "body_html", "body_preview", "replaced_characters"]);
  return { ...Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name))), item_id: row.item_id };
}

/** A time in UTC as ISO 8601; undefined for what is none. A day is its beginning. */
function utc(text: string): string | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text.trim());
  if (parts === null) return undefined;
  const [, day, clock = "00:00:00", zone = "Z"] = parts;
  const parsed = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(parsed) ? undefined : new Date(parsed).toISOString();
}

function minutesBefore(now: Date, minutes: number): string {
  return new Date(now.getTime() - minutes * 60_000).toISOString();
}

/** The names of filters are those of the input, but for their case. */
function snakeCase(name: FilterName | string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function summaryOf({ messages, mailboxes }: SearchResult, failures: number, more: boolean, partly: boolean): string {
  if (mailboxes.length === 0) return "No searchable mailboxes found";
  const number = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  const having = mailboxes.filter(({ count }) => count > 0).length;
  // Where there are more, the other mailboxes may have them.
  const of = messages.length > 0 && !more ? `${having} of ` : "";
  const where = mailboxes.length === 1 ? "" : ` in ${of}${mailboxes.length} mailboxes`;
  const found = messages.length === 0 ? `No messages found${where}` : `${number} found${where}${more ? "; there are more" : ""}`;
  const bad = failures === 0 ? "" : `; ${failures} could not be searched`;
  return `${found}${bad}${archiveNote(mailboxes.filter(({ archive }) => archive === "not_searched").length)}${partly ? "; some folders or messages could not be looked at" : ""}.`;
}

function archiveNote(archives: number): string {
  if (archives === 0) return "";
  if (archives === 1) return "; an archive mailbox was not searched: set archive to include it";
  return `; ${archives} archive mailboxes were not searched: set archive to include them`;
}
