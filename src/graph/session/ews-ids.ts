import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { maxIds, translateIds } from "../requests/translate-exchange-ids.ts";
import type { GraphMailbox } from "./mailbox.ts";

/** Only ids of Exchange Web Services have these characters; without them an id is the same text for both. */
export function isOfEws(id: string): boolean {
  return /[/+]/.test(id);
}

/**
 * The ids of Exchange Web Services among these as Graph knows them, by the id that was given. Left out is what Graph does not translate: a message
 * that has moved since, or all of them where the application may not ask. Throws Failure `cancelled`.
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
    // Whatever else is wrong, the ids themselves may still do: they are asked for next.
    if (!translated.ok) {
      throwDefect(translated.failure);
      return known;
    }
    for (const [from, to] of translated.value) known.set(from, to);
  }
  return known;
}

/**
 * Why an id of Exchange Web Services names nothing here, where Graph has only said that it does not know it. One that was translated is looked for as
 * any other; of one that was not, nothing is known: its message may be there under another id.
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

/** Whether an id is of a kind that tells its mailbox or is of a public folder, or is one of Exchange Web Services: not one that stays as long as its message. */
export function namesStore(id: string): boolean {
  return mailboxGuidOf(id) !== undefined || isOfEws(id) || /^A[AQ][EI]/.test(id);
}

/** Why nothing is known of an id which Graph does not know, and which is not shown to be of the primary mailbox. */
export function notOfPrimary({ address }: Pick<GraphMailbox, "address">, failure: Failure): Failure {
  const { message, wireCode, requestId } = failure;
  const why = `This id is not shown to be of the primary mailbox of ${address}: it may be of its archive, of a public folder or of another mailbox, where Microsoft Graph does not look`;
  const hint =
    "Name the mailbox that the message lies in, or name the message by internet_message_id. For an archive or a public folder use a connection over Exchange Web Services.";
  return new Failure("could-not-look", `${why}: ${message}`, { hint, wireCode, requestId, cause: failure });
}
