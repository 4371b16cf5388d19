import type { Mailbox } from "../../exchange/exchange.ts";
import type { Message } from "../../exchange/message.ts";
import { bareMessageId } from "../../exchange/search/match-filters.ts";
import type { Filters } from "../../exchange/search/search-query.ts";
import { asFailure, Failure } from "../../failure.ts";
import { attempt, pairOutcomes } from "../../outcome.ts";
import { factsOf, type Relation, type TargetFacts } from "../target-facts.ts";

/** The messages whose related copies are wanted. */
export interface Originals {
  /** Their Message-IDs. */
  readonly names: readonly string[];
  readonly found: readonly TargetFacts[];
}

export interface FoundRelated {
  readonly targets: readonly TargetFacts[];
  readonly failures: readonly Failure[];
}

type SearchedMailbox = Pick<Mailbox, "address" | "search" | "get" | "attachedMessages">;

/** Maximum number of candidates per search: mailcordon reads headers and attached messages of each. */
const mostCandidates = 200;

/**
 * Finds replies to the originals, forwards, and messages with an original attached, in one mailbox. Exchange cannot search for these, so mailcordon reads
 * candidates one by one: messages since the first original that have the same subject, or attachments. Throws only Failure `cancelled`.
 */
export async function findRelated(mailbox: SearchedMailbox, { names, found }: Originals): Promise<FoundRelated> {
  const since = found
    .flatMap(({ received_at }) => received_at ?? [])
    .sort()
    .at(0);
  const wanted = new Set(names.map(key));
  const own = found.filter(({ mailbox: address }) => address.toLowerCase() === mailbox.address.toLowerCase());
  const failures: Failure[] = [];
  const candidates = new Map<string, Message>();
  const subjects = new Set(found.flatMap(({ subject }) => plainSubject(subject) || []));
  const searches: readonly Filters[] = [
    ...[...subjects].map((subject): Filters => ({ subject, receivedAfter: since })),
    { hasAttachments: true, receivedAfter: since },
  ];
  for (const filters of searches) {
    const detail = { headers: true, attachments: filters.hasAttachments === true };
    const page = await attempt(() => mailbox.search({ filters, limit: mostCandidates, detail }));
    if (!page.ok) {
      if (page.failure.code === "cancelled") throw page.failure;
      failures.push(page.failure);
      continue;
    }
    if (page.value.nextCursor !== undefined)
      failures.push(new Failure("could-not-look", `More than ${mostCandidates} messages may be related; only the newest were looked at.`));
    for (const { failure } of page.value.unsearched ?? []) failures.push(failure);
    for (const message of page.value.messages)
      candidates.set(message.itemId, { ...candidates.get(message.itemId), ...withoutEmpty(message) });
  }
  const conversations = await conversationsOf(mailbox, own, failures);
  const reasons = new Map<string, { readonly relation: Relation; readonly why: string }>();
  for (const message of candidates.values()) {
    if (wanted.has(key(message.internetMessageId ?? "")) || own.some(({ item_id }) => item_id === message.itemId)) continue;
    const related = byHeaders(message, wanted) ?? (await byAttachment(message, wanted, mailbox, failures));
    const inConversation = message.conversationId !== undefined && conversations.has(message.conversationId);
    if (related !== undefined) reasons.set(message.itemId, related);
    else if (inConversation)
      reasons.set(message.itemId, { relation: "conversation", why: "It is in the conversation of one of the messages." });
  }
  const targets: TargetFacts[] = [];
  const ids = [...reasons.keys()];
  try {
    for await (const [id, outcome] of ids.length === 0 ? [] : pairOutcomes(ids, mailbox.get(ids, {}))) {
      if (outcome.ok) targets.push({ ...factsOf(mailbox.address, outcome.value, candidates.get(id)?.folderPath), ...reasons.get(id) });
      else failures.push(outcome.failure);
    }
  } catch (thrown) {
    if (asFailure(thrown).code === "cancelled") throw thrown;
    failures.push(asFailure(thrown));
  }
  return { targets, failures };
}

function key(id: string): string {
  return bareMessageId(id).toLowerCase();
}

/** Returns a subject without the prefixes of replies and forwards that Outlook writes in common languages. */
function plainSubject(subject = ""): string {
  return subject.replace(/^(?:\s*(?:re|fw|fwd|aw|wg|sv|vs|tr|rv|antw)\s*:)+/i, "").trim();
}

function withoutEmpty(message: Message): Message {
  const { attachments, ...rest } = message;
  return attachments === undefined ? rest : message;
}

/** Returns the conversation ids of the originals in this mailbox. Other mailboxes have other ids for the same conversation. */
async function conversationsOf(mailbox: SearchedMailbox, own: readonly TargetFacts[], failures: Failure[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (own.length === 0) return found;
  const ids = own.map(({ item_id }) => item_id);
  for await (const [, outcome] of pairOutcomes(ids, mailbox.get(ids, {}))) {
    if (!outcome.ok) failures.push(outcome.failure);
    else if (outcome.value.conversationId !== undefined) found.add(outcome.value.conversationId);
  }
  return found;
}

/** @see https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4 */
function byHeaders(
  { headers = [] }: Message,
  wanted: ReadonlySet<string>,
): { readonly relation: Relation; readonly why: string } | undefined {
  const idIn = (name: string) => {
    const values = headers.filter((header) => header.name.toLowerCase() === name).flatMap(({ value }) => value.split(/[\s,]+/));
    return values.find((value) => value !== "" && wanted.has(key(value)));
  };
  const answered = idIn("in-reply-to");
  if (answered !== undefined) return { relation: "reply", why: `It answers or forwards ${answered} (In-Reply-To).` };
  const named = idIn("references");
  return named === undefined ? undefined : { relation: "reference", why: `It follows ${named} (References).` };
}

async function byAttachment(
  { attachments = [] }: Message,
  wanted: ReadonlySet<string>,
  mailbox: SearchedMailbox,
  failures: Failure[],
): Promise<{ readonly relation: Relation; readonly why: string } | undefined> {
  const attached = attachments.filter(({ kind }) => kind === "item");
  for (const { unreadable } of attached) if (unreadable !== undefined) failures.push(unreadable);
  const messages = attached.filter(({ unreadable }) => unreadable === undefined);
  if (messages.length === 0) return undefined;
  for await (const [, outcome] of pairOutcomes(messages, mailbox.attachedMessages(messages))) {
    if (!outcome.ok) failures.push(outcome.failure);
    else if (wanted.has(key(outcome.value.internetMessageId ?? "")))
      return { relation: "attached", why: `It has ${outcome.value.internetMessageId} attached.` };
  }
  return undefined;
}
