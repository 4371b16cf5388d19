import * as z from "zod";
import { type Attachment, holdsOthers, isSealed } from "../exchange/attachment.ts";
import type { Message } from "../exchange/message.ts";
import type { PortMethod } from "../exchange/port-methods.ts";
import { type Absent, isAbsent } from "../exchange/search/absence.ts";
import { couldNotLook } from "../exchange/search/unopened-folders.ts";
import { Failure } from "../failure.ts";
import { done, failed, type Outcome, runForSome } from "../outcome.ts";
import { comparableText } from "../text/unicode-form.ts";
import type { Context, Row, Selected, Target } from "./action-definition.ts";
import { omitUndefined } from "./common-fields.ts";
import { mostCharacters } from "./limits.ts";
import { type MessageRow, messageRow } from "./message-row.ts";
import { narrowing } from "./read-input.ts";
import { narrowingList } from "./text-lists.ts";
import { messageSelectionMethods, selectMessages, titleOf, type WhichMessages } from "./which-messages.ts";

/** Fields that select attachments of messages; an attachment must match all that are given. */
export const whichAttachments = {
  attachment_ids: narrowingList("Ids of the attachments to select: a list, or one comma-separated text. Default: all."),
  name_pattern: z
    .string()
    .min(1)
    .max(mostCharacters.fileName)
    .register(narrowing)
    .optional()
    .describe("Name of the attachments to select, ignoring case; * stands for any characters, ? for one (invoice*.zip). Default: all."),
};

/** Columns of attachments that matter most to a person. */
export const attachmentPresentation = {
  columns: ["name", "kind", "size", "sha256", "content_type", "subject", "folder_path", "internet_message_id"],
};

/** Port methods that selecting attachments needs. */
export const attachmentSelectionMethods = [
  ...messageSelectionMethods,
  "attachments",
  "attachedMessages",
] as const satisfies readonly PortMethod[];
type SelectionContext = Context<(typeof attachmentSelectionMethods)[number]>;

interface WhichAttachments extends WhichMessages {
  readonly attachment_ids?: readonly string[] | undefined;
  readonly name_pattern?: string | undefined;
  readonly include_inline: boolean;
  readonly expand_nested: boolean;
  /** 1: the attachments of the message itself. */
  readonly max_depth: number;
}

/** An attachment, and where it is. */
interface LocatedAttachment {
  readonly attachment: Attachment;
  readonly depth: number;
  readonly parent?: string | undefined;
  /** For an item attachment: the message inside, or why it could not be read. */
  readonly inner?: Message | undefined;
  readonly unread?: Failure | undefined;
  /** One sentence on the attachments that the caller's `max_depth` excludes. */
  readonly deeper?: string | undefined;
}

/**
 * Yields every selected attachment, message by message, and an attached message before its contents. A message without attachments yields nothing; an
 * id that no message has is yielded as absent. Each row names the message and the attachment, with `file_name` for its bytes. An attached message
 * that could not be opened appears twice: as itself, and as the Failure of its contents. An attachment that cannot be read is a Failure with its id.
 */
export async function* selectAttachments(which: WhichAttachments, context: SelectionContext): AsyncGenerator<Selected> {
  const wantedIds = which.attachment_ids === undefined ? undefined : new Set(which.attachment_ids);
  const pattern = which.name_pattern === undefined ? undefined : nameMatcher(which.name_pattern);
  const found = new Set<string>();
  const listed = new Set<string>();
  const chosen: Selected[] = [];
  for await (const selected of selectMessages(which, context)) chosen.push(selected);
  const messages = new Map(
    chosen.flatMap((one) => {
      const message = one.outcome.ok && !isAbsent(one.outcome.value) ? one.outcome.value.message : undefined;
      return message === undefined ? [] : [[one, message]];
    }),
  );
  /** Why attachments could not be listed: a requested one may be among them. */
  let unlisted: Failure | undefined;
  let at = 0;
  for await (const outcome of runForSome(
    chosen,
    (one) => messages.has(one),
    (requested) => context.mailbox.attachments(requested.map((one) => messages.get(one)?.itemId ?? "")),
    () => done([]),
  )) {
    const selected = chosen[at++];
    if (selected === undefined) break;
    const message = messages.get(selected);
    if (message === undefined) {
      if (!selected.outcome.ok) unlisted ??= selected.outcome.failure;
      yield selected;
      continue;
    }
    if (!outcome.ok) {
      unlisted ??= outcome.failure;
      yield { asked: namingRow(message), outcome };
      continue;
    }
    for (const { id, name, contentType, size, unreadable } of outcome.value) {
      if (unreadable === undefined) continue;
      unlisted ??= unreadable;
      context.remark({ incomplete: true });
      if (wantedIds !== undefined && !wantedIds.has(id)) continue;
      // Without a name, or with contents that would be searched too, it may be one of those selected.
      if (pattern !== undefined && name !== undefined && !which.expand_nested && !pattern(name)) continue;
      found.add(id);
      const known = omitUndefined({ attachment_id: id, name, content_type: contentType, size });
      yield { asked: { ...namingRow(message), ...known }, outcome: failed(unreadable) };
    }
    const readable = outcome.value.filter((one) => one.unreadable === undefined);
    for (const located of await expanded(readable, which, context)) {
      const { attachment, inner, unread, deeper } = located;
      listed.add(attachment.id);
      if (inner?.unlisted !== undefined) {
        unlisted ??= new Failure("unreadable", inner.unlisted);
        context.remark({ incomplete: true });
      }
      if (deeper !== undefined) {
        unlisted ??= new Failure("too-large", deeper);
        context.remark({ truncated: true });
      }
      // Its contents may include a requested attachment, so the gap must not look like success.
      if (unread !== undefined) {
        unlisted ??= unread;
        context.remark({ incomplete: true });
        yield { asked: { ...namingRow(message), parent_attachment_id: attachment.id }, outcome: failed(unread) };
        // A defect of mailcordon says nothing about the message, so it is never a note of a success.
        if (unread.code === "internal") continue;
      }
      if (wantedIds !== undefined && !wantedIds.has(attachment.id)) continue;
      if (pattern !== undefined && !pattern(displayName(located))) continue;
      found.add(attachment.id);
      if (!which.include_inline && attachment.isInline === true) continue;
      yield { asked: namingRow(message), outcome: done(targetOf(message, located)) };
    }
  }
  for (const id of wantedIds ?? []) {
    if (found.has(id) || messages.size === 0) continue;
    yield { asked: { attachment_id: id }, outcome: missing(id, listed, unlisted, context.mailbox.address) };
  }
}

/** Returns the state of a requested id that no message has: it is absent, or may be among attachments that could not be listed. */
function missing(id: string, listed: ReadonlySet<string>, unlisted: Failure | undefined, mailbox: string): Outcome<Absent> {
  const other = otherKind(id, listed);
  if (other !== undefined) return failed(other);
  if (unlisted !== undefined)
    return failed(couldNotLook(`The attachment may be among those that could not be listed: ${unlisted.message}`, unlisted));
  return done({ absentFrom: { mailbox, folders: 0, places: ["attachments"], by: "attachment_id" } });
}

/** Returns why an id cannot be one of the listed ids, if that is known. */
function otherKind(id: string, listed: ReadonlySet<string>): Failure | undefined {
  // The id of a contained attachment begins with the id of its container.
  if ([...listed].some((one) => id.startsWith(`${one}.`))) {
    return new Failure(
      "unsupported",
      "This attachment is inside another attachment and cannot be changed separately. Nothing was changed.",
      {
        hint: "Read it with expand_nested; to delete it, delete the attachment that contains it.",
      },
    );
  }
  const isOther = (one: string) => (isOfGraph(one) ? isOfEws(id) : isOfGraph(id));
  if (listed.size > 0 && [...listed].every(isOther)) {
    const message =
      "This attachment id belongs to the other back end: EWS and Microsoft Graph do not accept each other's attachment ids, and cannot translate them.";
    return new Failure("invalid-input", message, { hint: "List the attachments again with get-attachments, and use those ids." });
  }
  return undefined;
}

/** Over Microsoft Graph an id is that of the message and that of the attachment; over EWS numbers alone may follow a full stop. */
function isOfGraph(id: string): boolean {
  return /^[^.]+\.(?!\d+(?:\.|$))/.test(id);
}

/** Exchange's ids are base64 of what begins with a byte 0 or 1. */
function isOfEws(id: string): boolean {
  return /^A[AQ][\w+/-]{6,}={0,2}(\.\d+)*$/.test(id);
}

function namingRow(message: Message): Row {
  const { item_id, internet_message_id, subject, from, received_at, folder_path } = messageRow(message);
  return omitUndefined({ item_id, internet_message_id, subject, from, received_at, folder_path });
}

/** The columns that name an attachment. */
export interface AttachmentColumns {
  readonly attachment_id?: string;
  readonly parent_attachment_id?: string;
  /** 1 for an attachment of the message itself. */
  readonly depth?: number;
  readonly kind?: Attachment["kind"];
  readonly name?: string;
  readonly file_name?: string;
  readonly content_type?: string;
  readonly content_id?: string;
  /** Bytes. */
  readonly size?: number;
  readonly is_inline?: boolean;
  readonly url?: string;
  /** The attached message. */
  readonly message?: MessageRow;
  readonly not_expanded?: string;
}

function targetOf(message: Message, located: LocatedAttachment): Target {
  const { attachment, depth, parent, inner, unread, deeper } = located;
  const columns: AttachmentColumns = omitUndefined({
    attachment_id: attachment.id,
    parent_attachment_id: parent,
    depth,
    kind: attachment.kind,
    name: attachment.name,
    file_name: fileName(located),
    content_type: attachment.contentType,
    content_id: attachment.contentId,
    size: attachment.size,
    is_inline: attachment.isInline,
    url: attachment.url,
    message: attachment.kind === "item" && inner ? messageRow(inner) : undefined,
    not_expanded: unread?.message ?? deeper ?? inner?.unlisted,
  });
  const row = { ...namingRow(message), ...columns };
  return { row, message, attachment };
}

const untitled = "untitled_attachment";

/** Returns the name a person knows it by: its name, or the subject of an attached message without a name. */
function displayName({ attachment, inner }: LocatedAttachment): string {
  return attachment.name?.trim() || inner?.subject?.trim() || untitled;
}

/** Returns a file name for its bytes, which is not yet safe. An attached message gets the extension .eml. */
function fileName(located: LocatedAttachment): string {
  const name = displayName(located);
  if (located.attachment.kind !== "item") return name;
  const title = name.replace(/\.eml$/i, "");
  return `${titleOf(title, untitled)}${name.slice(title.length) || ".eml"}`;
}

/** Returns the attachments and those inside attached messages, down to the limit. An attached message that cannot be read is only not expanded. */
async function expanded(
  attachments: readonly Attachment[],
  which: WhichAttachments,
  context: SelectionContext,
): Promise<LocatedAttachment[]> {
  const inside = new Map<string, Message | Failure>();
  const messageIn = ({ id }: Attachment) => {
    const within = inside.get(id);
    return within instanceof Failure ? undefined : within;
  };
  // Level by level: all attachments of one level are requested together, whichever message contains them.
  let level = which.expand_nested ? attachments : [];
  for (let depth = 1; depth <= which.max_depth && level.length > 0; depth += 1) {
    for (const [id, within] of await messagesInside(level, context)) inside.set(id, within);
    level = level.flatMap((attachment) => messageIn(attachment)?.attachments ?? []);
  }
  const listed = (some: readonly Attachment[], depth: number, parent?: string): LocatedAttachment[] =>
    some.flatMap((attachment) => {
      const within = inside.get(attachment.id);
      const inner = messageIn(attachment);
      const below = inner?.attachments ?? [];
      const isTooDeep = below.length > 0 && depth >= which.max_depth;
      const deeper = isTooDeep ? `It contains ${below.length} more, deeper than max_depth (${which.max_depth}).` : undefined;
      const located = { attachment, depth, parent, inner, unread: within instanceof Failure ? within : undefined, deeper };
      return [located, ...(isTooDeep ? [] : listed(below, depth + 1, attachment.id))];
    });
  return listed(attachments, 1);
}

async function messagesInside(attachments: readonly Attachment[], { mailbox }: SelectionContext): Promise<Map<string, Message | Failure>> {
  const holders = attachments.filter(holdsOthers);
  const inside = new Map<string, Message | Failure>();
  const unlisted = "It is signed or encrypted as a whole (PKCS #7), so its contents are not listed.";
  for (const { id } of attachments.filter(isSealed)) inside.set(id, { itemId: id, unlisted });
  if (holders.length === 0) return inside;
  let at = 0;
  for await (const outcome of mailbox.attachedMessages(holders)) {
    const id = holders[at++]?.id;
    if (id !== undefined) inside.set(id, outcome.ok ? outcome.value : outcome.failure);
  }
  return inside;
}

/** Matches a name against `*` and `?`, ignoring case and Unicode normalisation, in linear time per star. The pattern is not a regular expression. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const wanted = [...comparableText(pattern)];
  return (name) => {
    const given = [...comparableText(name)];
    let at = 0;
    let star = -1;
    let resumed = 0;
    let next = 0;
    while (next < given.length) {
      if (at < wanted.length && wanted[at] === "*") {
        star = at++;
        resumed = next;
      } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[next])) {
        at++;
        next++;
      } else if (star >= 0) {
        at = star + 1;
        next = ++resumed;
      } else return false;
    }
    while (wanted[at] === "*") at++;
    return at === wanted.length;
  };
}
