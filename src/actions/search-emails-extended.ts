import * as z from "zod";
import { type Context, defineWholeAnswerAction } from "../catalogue/action-definition.ts";
import { Counts, completenessFields, ErrorNoun, errorNoun } from "../catalogue/answer-envelope.ts";
import { ArchiveNoun, commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters, mostItems } from "../catalogue/limits.ts";
import { MessageRow, messageRow } from "../catalogue/message-row.ts";
import { narrowing, spellings } from "../catalogue/read-input.ts";
import { archive, archiveOf, checkArchive, folder, narrowingMessageIds } from "../catalogue/selection-fields.ts";
import { narrowingList } from "../catalogue/text-lists.ts";
import { isRelative, time, utc } from "../catalogue/time-fields.ts";
import type { Detail } from "../exchange/message.ts";
import { appliedWays, type FilterName, type Filters } from "../exchange/search/search-query.ts";
import { Failure } from "../failure.ts";
import { type MailboxToSearch, readPosition, type SearchPosition, type SearchResult, searchMany, writePosition } from "./search-many.ts";

const fieldNames = Object.keys(MessageRow.shape);

// No filter is dropped: an empty one is refused, or means something.
const text = (description: string, most: number = mostCharacters.search) =>
  z.string().min(1).max(most).register(narrowing).optional().describe(description);
const bytes = (description: string) => z.number().int().min(0).register(narrowing).optional().describe(description);
const yesOrNo = (description: string) => z.boolean().register(narrowing).optional().describe(description);
// The cursor records how far the search has come in each mailbox: about 300 characters for each of fifty thousand mailboxes.
const longestCursor = 16 * 1024 * 1024;

const input = z.strictObject({
  ...commonFields,
  mailboxes: narrowingList(
    "Mailboxes to search: a list, or the word all for every mailbox that the account may search. Default: only mailbox.",
    mostCharacters.mailbox,
  ),
  folder: folder.describe(
    "Folder to search: a well-known name, a path (Inbox/Reports), or a folder id. Default: every folder that can contain messages.",
  ),
  recursive: z.boolean().register(narrowing).default(true).describe("Include subfolders."),
  include_recoverable: z
    .boolean()
    .default(false)
    .describe(
      "Search the Deletions folder of the Recoverable Items as well, which contains soft-deleted messages. Purges (permanently deleted messages) and items kept by a hold are not searched: to search them over Exchange Web Services, set folder to recoverableitemsroot.",
    ),
  archive,
  // Empty, with subject_match equals: a message without a subject. No form can say that, so the description does not either.
  subject: z
    .string()
    .max(mostCharacters.search)
    .register(narrowing)
    .optional()
    .describe("Text of the subject, ignoring case; subject_match says how it is compared."),
  subject_match: z
    .enum(["contains", "equals", "prefix"])
    .register(narrowing)
    .default("contains")
    .describe("How subject is compared with the message's subject."),
  sender: text("Part of the address or name of the sender."),
  recipient: text("Part of an address or name in To, Cc or Bcc."),
  body: text("Text that the body contains, ignoring case."),
  body_regex: text("A regular expression (RE2 syntax) that the text of the body must match somewhere."),
  attachment_name: text("Part of the name of an attachment, or of an attachment inside an attached message."),
  attachment_sha256: z
    .string()
    .max(64)
    .regex(/^[0-9a-f]{64}$/i, "not 64 hexadecimal digits")
    .register(narrowing)
    .optional()
    .describe("SHA-256 (hexadecimal) of a file attachment, or of one inside an attached message."),
  internet_message_id: narrowingMessageIds,
  conversation_id: text("Id of the conversation.", mostCharacters.id),
  received_after: time("Received at this time or later."),
  received_before: time("Received before this time."),
  // Ten years, so that a slip of the keyboard is noticed.
  last_minutes: z
    .number()
    .int()
    .min(1)
    .max(5_256_000)
    .register(narrowing)
    .optional()
    .describe("Received within this number of minutes before now."),
  has_attachments: yesOrNo("Whether the message has attachments. Exchange does not count inline attachments. Default: both."),
  is_unread: yesOrNo("true: unread messages; false: read messages. Default: both."),
  min_size: bytes("Minimum size in bytes."),
  max_size: bytes("Maximum size in bytes."),
  importance: z.enum(["Low", "Normal", "High"]).register(narrowing).optional().describe("Importance of the message."),
  category: text("Category of the message."),
  item_class: text("Item class, including its subclasses, such as IPM.Schedule."),
  query: text("Query in the server's own language (on Exchange: AQS). It matches beginnings of words, and only indexed content."),
  // All results are in memory at the same time and merged in order: 10 000 summaries take about 20 MB.
  limit: z.number().int().min(1).max(10_000).default(50).describe("Maximum number of messages of the whole search, newest first."),
  cursor: z.string().min(1).max(longestCursor).optional().describe("next_cursor of the previous page; repeat all filters unchanged."),
  fields: z
    .array(z.enum(fieldNames))
    .max(mostItems)
    .register(spellings, { split: (words) => words.split(/[,\s]+/) })
    .optional()
    .describe(
      "Columns to return. Recipients, attachments and headers are read only if named here. item_id and mailbox are always returned. Default: all columns that are read anyway.",
    ),
  include_body: z.enum(["none", "preview", "text", "html"]).default("none").describe("Whether to return the body, and in which form."),
});
type Input = z.output<typeof input>;

const Applied = z.enum(appliedWays);

/** Searches messages, newest first over all mailboxes and folders, and reports where each filter was applied. */
export const searchEmailsExtended = defineWholeAnswerAction({
  name: "search-emails-extended",
  title: "Search Emails Extended",
  summary: "Find messages in one, some or all mailboxes.",
  uses: ["search"],
  sometimes: [{ uses: ["searchableMailboxes"], when: "with `mailboxes` all" }],
  overGraph: {
    supported: "some",
    differs:
      "mailcordon applies more filters itself; the answer says which. Public folders and `archive` are refused. In the Recoverable Items only Deletions is searched.",
    why: "Graph accepts $filter or $search, never both, and cannot reach other folders.",
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
        // If all messages are shown, each of them names its mailbox.
        per_mailbox: per_mailbox.filter(({ status, count }) => status !== "done" || (several && count > 0)),
        ...(truncated ? { total, more: "raise limit, or continue with cursor: the next_cursor of the JSON answer" } : {}),
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
      .describe("Back end that was searched; auto if mailboxes of both were searched, and per_mailbox names it for each."),
    counts: Counts.describe("Numbers of mailboxes."),
    items: z.array(MessageRow.partial().extend({ mailbox: z.string(), item_id: z.string() })),
    total: z.number().optional().describe("Number of matching messages, if the server reports it."),
    truncated: z.boolean().describe("Whether there are more than limit: continue with next_cursor. The call still succeeded."),
    incomplete: completenessFields.incomplete.describe(
      "Present if a mailbox, a folder or a message could not be searched; per_mailbox says which. Then `success` is false and the exit code is 6.",
    ),
    next_cursor: z.string().optional(),
    archive: ArchiveNoun.describe(
      `${ArchiveNoun.description} For several mailboxes: the first of not_searched, unknown and searched that is true for any of them.`,
    ),
    applied: z
      .record(z.string(), Applied)
      .describe(
        "Where each filter was applied; no filter is ignored. server: by the server, and the results do not contradict it; client: by mailcordon, message by message; server, unchecked: by the server, and the results do not show whether it did.",
      ),
    per_mailbox: z.array(
      z.strictObject({
        mailbox: z.string(),
        backend: z
          .string()
          .optional()
          .describe("Back end that was searched; absent if mailcordon could not determine which back end holds the mailbox."),
        status: z.enum(["done", "partly", "failed"]).describe("partly: unsearched lists what is missing."),
        count: z.number().describe("Number of items from this mailbox."),
        total: z.number().optional(),
        archive: ArchiveNoun.describe("State of this mailbox's archive, with the values of archive in the whole answer."),
        error: ErrorNoun.optional(),
        unsearched: z
          .array(z.strictObject({ folder_path: z.string().optional(), item_id: z.string().optional(), error: ErrorNoun }))
          .optional()
          .describe("Folders and messages that could not be searched."),
      }),
    ),
  }),
}).run(async (input, context) => {
  checkArchive(input);
  const position = input.cursor === undefined ? undefined : cursorOf(input.cursor);
  const filters = filtersOf(input, context.now(), position);
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
  // If only one mailbox was searched, its failure is the failure of the call.
  if (found.mailboxes.length === 1 && only?.failure !== undefined) throw only.failure;
  const next = found.mailboxes.flatMap(({ address, next }) => (next === undefined ? [] : [{ address, cursor: next.cursor }]));
  const failures = found.mailboxes.filter((mailbox) => mailbox.failure !== undefined).length;
  const partly = found.mailboxes.some((mailbox) => mailbox.unsearched.length > 0);
  // A connection with one back end does not need to find out which one it is.
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
    next_cursor:
      next.length > 0
        ? writePosition({ receivedAfter: filters.receivedAfter, receivedBefore: filters.receivedBefore, places: next })
        : undefined,
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
  if (position === undefined)
    throw new Failure("invalid-input", "cursor: mailcordon did not create this value; use next_cursor of the previous page.");
  return position;
}

/** The mailboxes that the input means, each once. */
async function mailboxesToSearch(input: Input, context: Context<"search" | "searchableMailboxes">): Promise<readonly MailboxToSearch[]> {
  const { mailboxes } = input;
  // Only this case needs the default mailbox.
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
        hint: "Name the mailboxes instead of all; get-searchable-mailboxes returns those that can be listed.",
        cause: nameless.failure,
      });
    // Mailboxes for which Exchange returned an error are searched as well, so the search reports the error and no mailbox is left out silently. A
    // person whose mailbox cannot be opened is listed with the reason: that mailbox was not searched.
    const unopened = searchable.unopened ?? [];
    for (const { mailbox, failure } of unopened) if (failure !== undefined) closed.set(mailbox.toLowerCase(), failure);
    addresses = [...listed, ...searchable.failed, ...unopened].map((found) => found.mailbox).filter((address) => address !== "");
    // "Nothing found" would pass for a result.
    if (addresses.length === 0)
      throw new Failure("could-not-look", "Exchange listed no mailbox, so nothing was searched.", {
        hint: "Name the mailboxes instead of all.",
      });
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

/** A cursor continues only in mailboxes that the input itself may search, so a cursor cannot bypass the input. */
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

/** On a further page the position has the bounds that depend on the clock. */
function filtersOf(input: Input, now: Date, position: SearchPosition | undefined): Filters {
  const bound = (text: string | undefined) =>
    text === undefined || (position !== undefined && isRelative(text)) ? undefined : utc(text, now);
  const begun = input.last_minutes === undefined ? undefined : minutesBefore(now, input.last_minutes);
  // All of them apply, so the later one is enough.
  const after = [bound(input.received_after), position?.receivedAfter ?? begun]
    .filter((each) => each !== undefined)
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
    receivedBefore: bound(input.received_before) ?? position?.receivedBefore,
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

/** Returns the requested columns, or all. The body is always included, because it was requested by its own field. */
function selectColumns(row: MessageRow, fields: readonly string[] | undefined): Partial<MessageRow> & { item_id: string } {
  if (fields === undefined) return row;
  const wanted = new Set([...fields, "item_id", "body_text", "body_html", "body_preview", "replaced_characters"]);
  return { ...Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name))), item_id: row.item_id };
}

function minutesBefore(now: Date, minutes: number): string {
  return new Date(now.getTime() - minutes * 60_000).toISOString();
}

/** The names of filters are those of the input, but for their case. */
function snakeCase(name: FilterName | string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function summaryOf({ messages, mailboxes }: SearchResult, failures: number, more: boolean, partly: boolean): string {
  const number = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  const having = mailboxes.filter(({ count }) => count > 0).length;
  // If there are more messages, the other mailboxes may have them.
  const of = messages.length > 0 && !more ? `${having} of ` : "";
  const where = mailboxes.length === 1 ? "" : ` in ${of}${mailboxes.length} mailboxes`;
  const found = messages.length === 0 ? `No messages found${where}` : `${number} found${where}${more ? "; there are more" : ""}`;
  const stopped = mailboxes.filter(({ failure }) => failure?.code === "cancelled").length;
  const closed = failures - stopped;
  const bad = [
    closed === 0 ? "" : `; ${closed} could not be searched`,
    stopped === 0 ? "" : `; the call was stopped before ${stopped === 1 ? "1 mailbox was" : `${stopped} mailboxes were`} searched`,
  ].join("");
  return `${found}${bad}${archiveNote(mailboxes.filter(({ archive }) => archive === "not_searched").length)}${partly ? "; some folders or messages could not be searched" : ""}.`;
}

function archiveNote(archives: number): string {
  if (archives === 0) return "";
  if (archives === 1) return "; an archive mailbox was not searched: set archive to include it";
  return `; ${archives} archive mailboxes were not searched: set archive to include them`;
}
