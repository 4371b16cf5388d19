import { setMaxListeners } from "node:events";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { eachAtPace, mailboxesAtATime } from "../exchange/pace.ts";
import { Failure } from "../failure.ts";
import type { Host } from "../perform/perform.ts";
import { counted } from "../text/noun-count.ts";
import { accountFor, demandMailboxes } from "./find/account-for-mailboxes.ts";
import { findMailboxes } from "./find/find-mailboxes.ts";
import { findRelated } from "./find/find-related.ts";
import type { Unexamined } from "./find/found-mailboxes.ts";
import { patientCall } from "./find/throttling-wait.ts";
import type { ConnectionFacts, SweepPlan } from "./plan-header.ts";
import { type MailboxPlan, messageIdsOf, planMailbox, unexaminedOf } from "./plan-mailbox.ts";
import { findSenderCopies } from "./residue/find-residue.ts";
import { countNames, notRestored, type ResidueKind, residueFor, residueKinds, residueLeftAlone } from "./residue/residue-kinds.ts";
import { backendsOf, checkExports } from "./restore/check-exports.ts";
import { checkSpec, isRestorable, type Limits, prepareInput, restoredFromEvidence, type SweepSpec, whyNotUndoable } from "./sweep-spec.ts";
import type { TargetFacts } from "./target-facts.ts";

export interface PlanOptions {
  /** The connection. Planning only reads. */
  readonly host: Host;
  readonly connection: ConnectionFacts;
}

const unrelated = "Forwarded and replied copies, which have other Message-IDs, are not looked for.";
const relatedLeft =
  "Related copies were looked for among messages with the same subject or with attachments, in the mailboxes of the plan only.";
const inlineLeft =
  "Messages whose only attachments are inline, such as images in the body, were not looked at: Exchange does not count these.";
const archivesLeft = "Archive mailboxes are not searched. Over EWS, --archive includes them.";

/** Searches each mailbox and records the facts of each target. Throws Failure: `unexpected-count` if a limit is exceeded; then there is no plan. */
export async function makePlan(order: SweepSpec, ways: PlanOptions): Promise<SweepPlan> {
  const { connection } = ways;
  // What the audit log says of earlier calls changes nothing about what is there, and to read it for each mailbox costs more than the search.
  const host: Host = { ...ways.host, audit: ways.host.audit && { ...ways.host.audit, done: undefined } };
  checkSpec(order);
  const { action, input, limits } = order;
  const prepared = prepareInput(order);
  const residue = residueFor(action, prepared.input, order.residue);
  const { kinds } = residue;
  // Each mailbox that is looked into listens to it.
  if (host.signal !== undefined) setMaxListeners(0, host.signal);
  const where = await findMailboxes(order, host);
  const { addresses, unlisted } = where;
  demandMailboxes(where);
  const seen: (MailboxPlan | undefined)[] = addresses.map(() => undefined);
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    seen[at] = await planMailbox(address, order, residue, host);
    done += 1;
    host.progress?.(`looked into ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  // Two addresses of the same mailbox lead to the same messages.
  const once = new Set<string>();
  const isFirst = ({ item_id }: TargetFacts) => !once.has(item_id) && once.add(item_id) !== undefined;
  const own = seen.flatMap((one) => one ?? []);
  const all = [...own, ...(kinds.includes("sender") ? await findSentCopies(own, addresses, order, host) : [])];
  const related = order.related === true ? await findRelatedCopies(all, addresses, order, host) : [];
  const looked = mergedByMailbox([...all, ...related]).map((one) => ({ ...one, targets: one.targets.filter(isFirst) }));
  const targets = looked.flatMap((one) => one.targets);
  const tally = tallyOf(targets);
  const unexamined = [...unlisted, ...looked.flatMap((one) => one.problems)];
  const accounted = accountFor(addresses, seen, unexamined);
  const hit = looked.filter((one) => one.targets.length > 0);
  checkLimits(limits, hit);
  const restores = isRestorable(action, prepared.input);
  const backends = restores ? await backendsOf(hit, host) : new Map<never, never>();
  if (restores && prepared.input.keep_export === true) await checkExports(backends, host);
  const fromEvidence = restores ? restoredFromEvidence(action, prepared.input, new Set(backends.keys())) : [];
  return {
    version: 1,
    connection,
    find: {
      internet_message_id: [...order.internetMessageIds],
      mailboxes: where.isEvery ? "all" : [...addresses],
      finder: finderOf(order),
      finders: [...where.finders],
      ...where.facts,
      ...(order.query === undefined ? {} : { query: order.query }),
      ...(order.related === true ? { related: true as const } : {}),
    },
    action: action.name,
    input,
    limits,
    counts: {
      messages: targets.filter(isOriginal).length,
      ...(order.related === true ? { related: targets.filter(({ relation }) => relation !== undefined).length } : {}),
      mailboxes: hit.length,
      examined: accounted.examined.length,
      unexamined: accounted.unexamined,
      ...omitUndefined(Object.fromEntries(residueKinds.map((kind) => [countNames[kind], tally[kind]]))),
    },
    unexamined,
    ...(where.leftOut.length === 0 ? {} : { not_examined: where.leftOut.map(({ mailbox, message }) => ({ mailbox, message })) }),
    residue: [...kinds],
    ...(order.later === undefined ? {} : { later: { ...order.later, mailboxes: [...accounted.examined] } }),
    left_alone: [
      ...residueLeftAlone(kinds),
      ...(order.later === undefined ? ["Messages that arrive after the plan are not changed."] : []),
      order.related === true ? relatedLeft : unrelated,
      ...where.leftAlone,
      ...(isByAttachment(order) ? [inlineLeft] : []),
      ...(input.archive === true ? [] : [archivesLeft]),
    ],
    ...(fromEvidence.length === 0 ? {} : { restored_from_evidence: [...fromEvidence] }),
    cannot_be_undone: [...whyNotUndoable(action, prepared.input), ...notRestored(tally)],
    targets,
  };
}

function isByAttachment({ query }: SweepSpec): boolean {
  return query?.attachment_name !== undefined || query?.attachment_sha256 !== undefined;
}

/** Describes how mailcordon searched each mailbox. */
function finderOf({ internetMessageIds, query, find = "search" }: SweepSpec): string {
  const by = [...(internetMessageIds.length === 0 ? [] : ["the Internet Message-ID"]), ...(query === undefined ? [] : ["the query"])].join(
    " and ",
  );
  const where = find === "search" ? "every mailbox" : "the mailboxes that were found";
  return `mailcordon searched ${where} by ${by}.`;
}

/** Finds the senders' copies in mailboxes outside the plan's scope. */
async function findSentCopies(
  own: readonly MailboxPlan[],
  addresses: readonly string[],
  order: SweepSpec,
  host: Host,
): Promise<readonly MailboxPlan[]> {
  const open = (address: string) => host.exchange.mailbox(address, patientCall(host));
  const found = own.flatMap(({ targets }) => targets).filter(isOriginal);
  const sent = await findSenderCopies(found, addresses, messageIdsOf(order, found), open);
  return sent.map(({ address, found: { targets, failures } }) => ({
    targets,
    problems: failures.map((one) => unexaminedOf(address, one)),
  }));
}

/** Finds related copies in every mailbox of the scope, even in one without the original. Throws Failure. */
async function findRelatedCopies(
  own: readonly MailboxPlan[],
  addresses: readonly string[],
  order: SweepSpec,
  host: Host,
): Promise<readonly MailboxPlan[]> {
  const found = own.flatMap(({ targets }) => targets).filter(isOriginal);
  const originals = { names: messageIdsOf(order, found), found };
  if (found.length === 0) return [];
  const seen: MailboxPlan[] = [];
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    const { targets, failures } = await findRelated(host.exchange.mailbox(address, patientCall(host)), originals);
    seen[at] = { targets, problems: failures.map((one) => unexaminedOf(address, one)) };
    done += 1;
    host.progress?.(`looked for related copies in ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  return seen;
}

/** Joins the findings of several searches by mailbox. */
function mergedByMailbox(all: readonly MailboxPlan[]): readonly MailboxPlan[] {
  const byMailbox = new Map<string, { targets: TargetFacts[]; problems: Unexamined[] }>();
  const of = (mailbox: string) => {
    const key = mailbox.toLowerCase();
    const known = byMailbox.get(key) ?? { targets: [], problems: [] };
    byMailbox.set(key, known);
    return known;
  };
  for (const { targets, problems } of all) {
    for (const one of targets) of(one.mailbox).targets.push(one);
    for (const one of problems) of(one.mailbox).problems.push(one);
  }
  return [...byMailbox.values()];
}

/** Returns whether the target is neither residue nor a related copy. */
function isOriginal({ residue, relation }: TargetFacts): boolean {
  return residue === undefined && relation === undefined;
}

function tallyOf(targets: readonly TargetFacts[]): Partial<Record<ResidueKind, number>> {
  const tally: Partial<Record<ResidueKind, number>> = {};
  for (const { residue } of targets) if (residue !== undefined) tally[residue] = (tally[residue] ?? 0) + 1;
  return tally;
}

/** Throws Failure `unexpected-count`. */
function checkLimits(limits: Limits, hit: readonly MailboxPlan[]): void {
  const all = hit.flatMap(({ targets }) => targets);
  const messages = all.filter(isOriginal).length;
  const refuse = (message: string) => {
    throw new Failure("unexpected-count", `${message} There is no plan, and nothing was changed.`, {
      hint: "Look at what is there with a search, then name fewer or change the limit.",
    });
  };
  const { max_mailboxes, max_items, expected_count, expected_per_mailbox } = limits;
  if (max_mailboxes !== undefined && hit.length > max_mailboxes)
    refuse(`Found messages in ${counted(hit.length, "mailbox")}, more than max_mailboxes allows (${max_mailboxes}).`);
  const left = all.length - messages;
  const besides = left === 0 ? "" : ` and ${counted(left, "other target")} that they left behind or that are related`;
  if (max_items !== undefined && all.length > max_items)
    refuse(`Found ${counted(messages, "message")}${besides}, more than max_items allows (${max_items}).`);
  if (expected_count !== undefined && messages !== expected_count)
    refuse(`Found ${counted(messages, "message")} where expected_count says ${expected_count}.`);
  const ofMessages = hit.map(({ targets }) => targets.filter(isOriginal)).filter(({ length }) => length > 0);
  const odd = ofMessages.find(({ length }) => expected_per_mailbox !== undefined && length !== expected_per_mailbox);
  if (odd !== undefined)
    refuse(`Found ${counted(odd.length, "message")} in ${odd[0]?.mailbox} where expected_per_mailbox says ${expected_per_mailbox}.`);
}
