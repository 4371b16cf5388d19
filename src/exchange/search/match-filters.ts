import { Failure } from "../../failure.ts";
import { comparableText, visibleText } from "../../text/unicode-form.ts";
import { type Attachment, holdsOthers } from "../attachment.ts";
import type { Address, Detail, Message } from "../message.ts";
import { containsTest } from "./contains-text.ts";
import type { FilterName, Filters } from "./search-query.ts";

/** A filter that can be decided by reading a message; a query in the server's own language cannot. */
export type ClientFilter = Exclude<FilterName, "query">;

/** Tells whether one message matches. Throws what `sha256` throws: a message that cannot be read neither matches nor fails to match. */
export type Matcher = (message: Message) => Promise<boolean>;

/** Access to attachments for a matcher. `sha256` returns the SHA-256 of a file attachment in hexadecimal. */
export interface AttachmentAccess {
  sha256(attachment: Attachment): Promise<string>;
  /** Returns the attachments inside an attached message or another attachment that can hold some. */
  inside(attachment: Attachment): Promise<readonly Attachment[]>;
}

/** For filters that read no attachment. */
export const noAttachmentAccess: AttachmentAccess = { sha256: () => attachmentNotNeeded(), inside: () => attachmentNotNeeded() };

function attachmentNotNeeded(): Promise<never> {
  return Promise.reject(new Failure("internal", "A filter that needs no attachment requested one."));
}

/** People write no longer patterns. The linear engine's cost grows with the size of the pattern times the size of the text. */
const maxPatternLength = 1000;

/** Returns the names of the filters that are set, in no particular order. */
export function givenFilters(filters: Filters): FilterName[] {
  const { subjectMatch: _, ...rest } = filters;
  const names: FilterName[] = [];
  let name: keyof typeof rest;
  for (name in rest) if (rest[name] !== undefined) names.push(name);
  return names;
}

/** Refuses invalid filters. Throws Failure `invalid-input` naming the filter. */
export function checkFilters(filters: Filters): void {
  for (const name of ["receivedAfter", "receivedBefore"] as const) {
    const time = filters[name];
    if (time !== undefined && Number.isNaN(Date.parse(time))) refuse(name, "it is not a time; write it as 2026-01-31T12:00:00Z");
  }
  for (const name of ["minSize", "maxSize"] as const) {
    const size = filters[name];
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) refuse(name, "it is not a number of bytes");
  }
  for (const name of [
    "sender",
    "recipient",
    "body",
    "bodyRegex",
    "attachmentName",
    "conversationId",
    "category",
    "itemClass",
    "query",
  ] as const) {
    const text = filters[name];
    if (text !== undefined && comparableText(text) === "") refuse(name, "it is empty");
  }
  if (filters.subject !== undefined && comparableText(filters.subject) === "" && filters.subjectMatch !== "equals")
    refuse("subject", "it is empty; for messages without a subject compare with `equals`");
  const sha256 = filters.attachmentSha256;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) refuse("attachmentSha256", "it is not 64 hexadecimal digits");
  if (filters.internetMessageId !== undefined) {
    if (filters.internetMessageId.length === 0) refuse("internetMessageId", "give at least one");
    if (filters.internetMessageId.some((id) => bareMessageId(id) === "")) refuse("internetMessageId", "one of them is empty");
  }
}

function refuse(name: FilterName, problem: string): never {
  throw new Failure(
    "invalid-input",
    `The filter ${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} cannot be used: ${problem}.`,
  );
}

/** Returns the detail beyond the summary that these filters need. */
export function detailFor(names: readonly FilterName[]): Detail {
  return {
    ...(names.includes("recipient") ? { recipients: true } : {}),
    ...(names.includes("attachmentName") || names.includes("attachmentSha256") ? { attachments: true } : {}),
    ...(names.includes("body") || names.includes("bodyRegex") ? { body: "text" as const } : {}),
  };
}

/** Removes white space and angle brackets around an Internet Message-ID. */
export function bareMessageId(id: string): string {
  const trimmed = id.trim();
  return trimmed.startsWith("<") && trimmed.endsWith(">") ? trimmed.slice(1, -1).trim() : trimmed;
}

/** Compares two Internet Message-IDs, with or without brackets. Case is ignored, as servers do. */
export function sameMessageId(one: string, other: string): boolean {
  return bareMessageId(one).toLowerCase() === bareMessageId(other).toLowerCase();
}

/**
 * Creates the test for the named filters of a search; the other filters are decided elsewhere. The regular expression engine is loaded only when
 * needed. Throws Failure `invalid-input` for invalid filters.
 */
export async function openMatcher(filters: Filters, names: readonly FilterName[], access: AttachmentAccess): Promise<Matcher> {
  checkFilters(filters);
  const quick = names.flatMap((name) => {
    const test = name in quickTests ? quickTests[name as keyof typeof quickTests](filters) : undefined;
    return test ? [test] : [];
  });
  const pattern = names.includes("bodyRegex") ? filters.bodyRegex : undefined;
  const inBody = pattern === undefined ? undefined : await compileBodyRegex(pattern);
  const wanted = names.includes("attachmentSha256") ? filters.attachmentSha256?.toLowerCase() : undefined;
  const hasHash = anyAttachment(
    access,
    async (attachment) => attachment.kind === "file" && (await access.sha256(attachment)).toLowerCase() === wanted,
  );
  const named = names.includes("attachmentName") ? filters.attachmentName : undefined;
  const inName = named === undefined ? undefined : textTest(named);
  const hasName = inName && anyAttachment(access, async ({ name }) => inName(name));
  return async (message) => {
    if (!quick.every((test) => test(message))) return false;
    if (inBody && !inBody(bodyOf(message))) return false;
    return (hasName === undefined || (await hasName(message))) && (wanted === undefined || (await hasHash(message)));
  };
}

type MessageTest = ((message: Message) => boolean) | undefined;

/** One test per filter that needs only the message. A missing value never matches. */
const quickTests = {
  subject: ({ subject, subjectMatch }): MessageTest => {
    if (subject === undefined) return undefined;
    const wanted = comparableText(subject);
    if (subjectMatch === "equals") return (message) => comparableText(message.subject ?? "") === wanted;
    if (subjectMatch === "prefix") return (message) => comparableText(message.subject ?? "").startsWith(wanted);
    const has = textTest(subject);
    return (message) => has(message.subject);
  },
  sender: ({ sender }): MessageTest => {
    if (sender === undefined) return undefined;
    const has = addressTest(sender);
    return (message) => has(message.from) || has(message.sender);
  },
  recipient: ({ recipient }): MessageTest => {
    if (recipient === undefined) return undefined;
    const has = addressTest(recipient);
    return ({ to = [], cc = [], bcc = [] }) => [to, cc, bcc].some((some) => some.some(has));
  },
  body: ({ body }): MessageTest => {
    if (body === undefined) return undefined;
    const has = textTest(body);
    return (message) => has(bodyOf(message));
  },
  internetMessageId: ({ internetMessageId }) =>
    internetMessageId &&
    (({ internetMessageId: own }) => own !== undefined && internetMessageId.some((wanted) => sameMessageId(wanted, own))),
  conversationId: ({ conversationId }) =>
    conversationId === undefined ? undefined : (message) => message.conversationId === conversationId,
  receivedAfter: ({ receivedAfter }) =>
    receivedAfter === undefined ? undefined : (message) => instant(message) >= Date.parse(receivedAfter),
  receivedBefore: ({ receivedBefore }) =>
    receivedBefore === undefined ? undefined : (message) => instant(message) < Date.parse(receivedBefore),
  hasAttachments: ({ hasAttachments }) =>
    hasAttachments === undefined ? undefined : (message) => (message.hasAttachments ?? false) === hasAttachments,
  isUnread: ({ isUnread }) => (isUnread === undefined ? undefined : (message) => message.isRead === !isUnread),
  minSize: ({ minSize }) => (minSize === undefined ? undefined : (message) => message.size !== undefined && message.size >= minSize),
  maxSize: ({ maxSize }) => (maxSize === undefined ? undefined : (message) => message.size !== undefined && message.size <= maxSize),
  importance: ({ importance }) => (importance === undefined ? undefined : (message) => (message.importance ?? "Normal") === importance),
  category: ({ category }) =>
    category === undefined
      ? undefined
      : (message) => (message.categories ?? []).some((own) => comparableText(own) === comparableText(category)),
  itemClass: ({ itemClass }) => (itemClass === undefined ? undefined : (message) => isOfClass(message.itemClass, itemClass)),
} satisfies Partial<Record<ClientFilter, (filters: Filters) => MessageTest>>;

/** Tells whether an item class is `wanted` or below it. A class that only begins with the same letters (`IPM.Notebook`) does not match. */
function isOfClass(own: string | undefined, wanted: string): boolean {
  if (own === undefined) return false;
  return comparableText(own) === comparableText(wanted) || comparableText(own).startsWith(`${comparableText(wanted)}.`);
}

/** Returns NaN, which is neither before nor after any time, for a message that was never received. */
function instant(message: Message): number {
  return Date.parse(message.receivedAt ?? "");
}

function bodyOf(message: Message): string {
  return message.bodyText ?? message.bodyHtml ?? message.bodyPreview ?? "";
}

/** Returns a test whether a text contains the word, both normalised for comparison. A missing text contains nothing. */
export function textTest(word: string): (text: string | undefined) => boolean {
  const has = containsTest(comparableText(word));
  return (text) => text !== undefined && has(comparableText(text));
}

function addressTest(part: string): (address: Address | undefined) => boolean {
  const has = textTest(part);
  return (own) => own !== undefined && (has(own.address) || has(own.name) || has(own.x500));
}

/** Maximum nesting of attached messages; real messages are not nested so deep. Each level costs a request. */
const maxLevels = 10;

/**
 * Returns a test whether any attachment of a message passes `test`: first its own attachments, then those of attached messages, level by level.
 * Throws the Failure of an attachment that cannot be read or opened, and `too-large` for one that is too deep, since the result is then not known.
 */
function anyAttachment(
  access: AttachmentAccess,
  test: (attachment: Attachment) => Promise<boolean>,
): (message: Message) => Promise<boolean> {
  return async ({ attachments = [] }) => {
    let level = attachments;
    for (let depth = 0; level.length > 0; depth++) {
      const readable = level.filter(({ unreadable }) => unreadable === undefined);
      for (const attachment of readable) if (await test(attachment)) return true;
      const holders = readable.filter(holdsOthers);
      if (holders.length > 0 && depth === maxLevels)
        throw new Failure(
          "too-large",
          `Messages are attached to attached messages more than ${maxLevels} levels deep: deeper ones were not checked.`,
        );
      const below: Attachment[] = [];
      for (const holder of holders) for (const one of await access.inside(holder)) below.push(one);
      level = below;
    }
    const spoilt = attachments.find(({ unreadable }) => unreadable !== undefined)?.unreadable;
    if (spoilt === undefined) return false;
    // Whatever its code, the failure concerns only this message, since the list was read around it.
    const { message, hint, wireCode, requestId } = spoilt;
    throw new Failure("unreadable", message, { hint, wireCode, requestId, cause: spoilt });
  };
}

/**
 * Compiles a pattern in RE2 syntax, ignoring case as all filters do (`(?-i)` in the pattern turns that off). Matching is linear in the text, which is
 * hostile.
 */
async function compileBodyRegex(pattern: string): Promise<(text: string) => boolean> {
  if (pattern.length > maxPatternLength) refuse("bodyRegex", `it is longer than ${maxPatternLength} characters`);
  const { RE2JS, RE2JSException } = await import("../../libraries/re2js.ts");
  try {
    const compiled = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    // The text is tested as written and as displayed, so neither form hides a word.
    return (text) => {
      if (compiled.test(text)) return true;
      const seen = visibleText(text);
      return seen !== text && compiled.test(seen);
    };
  } catch (thrown) {
    if (thrown instanceof RE2JSException) refuse("bodyRegex", thrown.message.replace("`(?i)", "`"));
    throw thrown;
  }
}
