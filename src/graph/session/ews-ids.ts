import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { maxIds, translateIds } from "../requests/translate-exchange-ids.ts";
import type { GraphMailbox } from "./mailbox.ts";

/** Tells whether an id has characters that only ids of Exchange Web Services have. Without them an id is the same text in both. */
export function isOfEws(id: string): boolean {
  return /[/+]/.test(id);
}

/**
 * Translates ids of Exchange Web Services to ids of Graph, by the given id. Ids that Graph does not translate are left out: a message that has moved
 * since, or all ids where the application may not translate. Throws Failure `cancelled`.
 * @see https://learn.microsoft.com/en-us/graph/outlook-immutable-id
 */
export async function translatedIds(mailbox: GraphMailbox, itemIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  const foreign = [...new Set(itemIds.filter(isOfEws))];
  if (mailbox.behaviour.ewsIds === "rewrite") return known;
  for (let start = 0; start < foreign.length; start += maxIds) {
    const ids = foreign.slice(start, start + maxIds);
    const translated = await attempt(() => mailbox.ask(translateIds, { ids, from: "ewsId", to: "restImmutableEntryId" }));
    if (!translated.ok && translated.failure.code === "cancelled") throw translated.failure;
    // Whatever the failure is, the ids themselves may still work, and are tried next.
    if (!translated.ok) {
      throwDefect(translated.failure);
      return known;
    }
    for (const [from, to] of translated.value) known.set(from, to);
  }
  return known;
}

/**
 * Explains why an id of Exchange Web Services is unknown to Graph. A translated id is treated as any other; about an id that was not translated
 * nothing is known, because its message may exist under another id.
 */
export function explainEwsId(failure: Failure, itemId: string, translated: ReadonlyMap<string, string>): Failure {
  if (!isOfEws(itemId) || (failure.code !== "not-found" && failure.code !== "invalid-input")) return failure;
  const { code, message, wireCode, requestId } = failure;
  const why =
    "This is an id of Exchange Web Services, for which Microsoft Graph has no message: such an id changes when its message moves, and none of an archive or a public folder is known to Graph";
  const hint = "Name the message by internet_message_id, with or instead of the id.";
  const explainedCode = code === "not-found" && !translated.has(itemId) ? "could-not-look" : code;
  return new Failure(explainedCode, `${why}: ${message}`, { hint, wireCode, requestId, cause: failure });
}

/** Tells whether an id names its mailbox or a public folder, or belongs to Exchange Web Services: such an id is not immutable. */
export function namesStore(id: string): boolean {
  return mailboxGuidOf(id) !== undefined || isOfEws(id) || /^A[AQ][EI]/.test(id);
}

/** Returns the Failure for an id that Graph does not know and that is not shown to belong to the primary mailbox. */
export function notOfPrimary({ address }: Pick<GraphMailbox, "address">, failure: Failure): Failure {
  const { message, wireCode, requestId } = failure;
  const why = `This id is not shown to belong to the primary mailbox of ${address}: it may belong to its archive, a public folder or another mailbox, where Microsoft Graph does not search`;
  const hint =
    "Name the mailbox that the message is in, or name the message by internet_message_id. For an archive or a public folder use a connection over Exchange Web Services.";
  return new Failure("could-not-look", `${why}: ${message}`, { hint, wireCode, requestId, cause: failure });
}
