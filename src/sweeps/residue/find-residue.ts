import { omitUndefined } from "../../catalogue/common-fields.ts";
import { isMeetingRequest } from "../../exchange/calendar-entry.ts";
import type { Mailbox } from "../../exchange/exchange.ts";
import type { Message } from "../../exchange/message.ts";
import { isAbsent } from "../../exchange/search/absence.ts";
import { Failure } from "../../failure.ts";
import { attempt, pairOutcomes } from "../../outcome.ts";
import { factsOf, type TargetFacts } from "../target-facts.ts";
import { calendarEntryFacts } from "./calendar-entry-facts.ts";
import { type ResidueKind, whyPlanned } from "./residue-kinds.ts";

export interface FoundResidue {
  readonly targets: readonly TargetFacts[];
  readonly failures: readonly Failure[];
}

const recoverable = "recoverableitemsdeletions";

/**
 * Returns the targets of a mailbox with their residue. `ids`: Message-IDs of the plan. `isForGood`: the action deletes permanently, so messages in the
 * Recoverable Items are found as well.
 */
export async function withResidue(
  mailbox: Pick<Mailbox, "address" | "invited" | "locate">,
  found: readonly { readonly facts: TargetFacts; readonly message: Message }[],
  ids: readonly string[],
  { kinds, isForGood }: { readonly kinds: readonly ResidueKind[]; readonly isForGood: boolean },
): Promise<FoundResidue> {
  const copies = isForGood ? await copiesIn(mailbox, recoverable, ids, "recoverable") : nothing;
  const recovered = new Set(copies.targets.map(({ item_id }) => item_id));
  const seen = found.filter(({ facts }) => !recovered.has(facts.item_id));
  const messages = seen.map(({ message }) => message);
  const entries = kinds.includes("calendar") ? await entriesOf(mailbox, messages) : nothing;
  return {
    targets: [...seen.map(({ facts }) => facts), ...entries.targets, ...(kinds.includes("recoverable") ? copies.targets : [])],
    failures: [...entries.failures, ...copies.failures],
  };
}

const nothing: FoundResidue = { targets: [], failures: [] };

async function entriesOf(mailbox: Pick<Mailbox, "address" | "invited">, messages: readonly Message[]): Promise<FoundResidue> {
  const invitations = messages.filter(({ itemClass }) => isMeetingRequest(itemClass));
  const targets = new Map<string, TargetFacts>();
  const failures: Failure[] = [];
  const read = await attempt(async () => {
    const ids = invitations.map(({ itemId }) => itemId);
    for await (const [invitation, outcome] of pairOutcomes(invitations, mailbox.invited(ids))) {
      if (!outcome.ok) failures.push(calendarFailure(outcome.failure));
      // Several copies of an invitation share one entry. A meeting that the owner organises is not residue.
      else if (outcome.value !== undefined && outcome.value.isOrganizer !== true)
        targets.set(outcome.value.entryId, calendarEntryFacts(mailbox.address, outcome.value, invitation));
    }
  });
  if (!read.ok) failures.push(calendarFailure(read.failure));
  return { targets: [...targets.values()], failures };
}

function calendarFailure(failure: Failure): Failure {
  if (failure.code === "cancelled") return failure;
  const hint = "Over Microsoft Graph, Calendars.ReadWrite is needed. To leave calendars alone, plan with --residue recoverable,sender.";
  return new Failure(failure.code, `The calendar entry of an invitation could not be looked for. ${failure.message} ${hint}`, {
    cause: failure,
  });
}

/** Finds copies with these Message-IDs in one well-known folder. The mailbox may lack the folder. */
async function copiesIn(
  mailbox: Pick<Mailbox, "address" | "locate">,
  folder: string,
  ids: readonly string[],
  kind: ResidueKind,
): Promise<FoundResidue> {
  const targets: TargetFacts[] = [];
  const failures: Failure[] = [];
  const names = ids.map((internetMessageId) => ({ internetMessageId }));
  const read = await attempt(async () => {
    for await (const [, outcome] of pairOutcomes(names, mailbox.locate(names, { folder }))) {
      if (!outcome.ok) {
        if (outcome.failure.code !== "folder-not-found") failures.push(outcome.failure);
        continue;
      }
      if (isAbsent(outcome.value)) continue;
      if (outcome.value.unopened !== undefined) failures.push(outcome.value.unopened);
      for (const message of outcome.value.messages)
        targets.push(omitUndefined({ ...factsOf(mailbox.address, message, undefined), residue: kind, why: whyPlanned[kind] }));
    }
  });
  if (!read.ok && read.failure.code !== "folder-not-found") failures.push(read.failure);
  return { targets, failures };
}

/** Finds the copies of internal senders. `searched`: mailboxes that were searched already. */
export async function findSenderCopies(
  targets: readonly TargetFacts[],
  searched: readonly string[],
  ids: readonly string[],
  open: (address: string) => Pick<Mailbox, "address" | "locate">,
): Promise<{ readonly address: string; readonly found: FoundResidue }[]> {
  const key = (address: string) => address.toLowerCase();
  const domainOf = (address: string) => key(address).slice(address.lastIndexOf("@") + 1);
  const known = new Set(searched.map(key));
  // The sender may have forged the address: search only domains that the plan's mailboxes have.
  const domains = new Set(searched.filter((address) => address.includes("@")).map(domainOf));
  const senders = new Map(targets.flatMap(({ from }) => (from?.includes("@") ? [[key(from), from] as const] : [])));
  const all: { readonly address: string; readonly found: FoundResidue }[] = [];
  for (const [name, address] of senders) {
    if (known.has(name) || !domains.has(domainOf(address))) continue;
    const found = await copiesIn(open(address), "sentitems", ids, "sender");
    // A forged address may belong to nobody.
    all.push({ address, found: { ...found, failures: found.failures.filter(({ code }) => code !== "mailbox-not-found") } });
  }
  return all;
}
