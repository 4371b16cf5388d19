import { setMaxListeners } from "node:events";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { eachAtPace, mailboxesAtATime } from "../exchange/pace.ts";
import { Failure } from "../failure.ts";
import type { Host } from "../perform/perform.ts";
import { counted } from "../text/noun-count.ts";
import type { Facts } from "./facts.ts";
import { accountFor, demandMailboxes } from "./find/examined.ts";
import type { Unexamined } from "./find/found.ts";
import { findMailboxes } from "./find/mailboxes.ts";
import { patientCall } from "./find/patience.ts";
import { relatedIn } from "./find/related.ts";
import type { ConnectionFacts, SweepPlan } from "./header.ts";
import { lookInto, messageIdsOf, problemIn, type Seen } from "./look-into.ts";
import { checkOrder, isRestorable, type Limits, prepare, restorable, type SweepOrder, whyNotUndone } from "./order.ts";
import { sentCopies } from "./residue/find-residue.ts";
import { countNames, notRestored, type ResidueKind, residueFor, residueKinds, leftAlone as residueLeftAlone } from "./residue/kinds.ts";
import { backendsOf, checkExports } from "./restore/check-exports.ts";

export interface PlanWays {
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
export async function makePlan(order: SweepOrder, ways: PlanWays): Promise<SweepPlan> {
  const { connection } = ways;
  // What the audit log says of earlier calls changes nothing about what is there, and to read it for each mailbox costs more than the search.
  const host: Host = { ...ways.host, audit: ways.host.audit && { ...ways.host.audit, done: undefined } };
  checkOrder(order);
  const { action, input, limits } = order;
  const prepared = prepare(order);
  const residue = residueFor(action, prepared.input, order.residue);
  const { kinds } = residue;
  // Each mailbox that is looked into listens to it.
  if (host.signal !== undefined) setMaxListeners(0, host.signal);
  const where = await findMailboxes(order, host);
  const { addresses, unlisted } = where;
  demandMailboxes(where);
  const seen: (Seen | undefined)[] = addresses.map(() => undefined);
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    seen[at] = await lookInto(address, order, residue, host);
    done += 1;
    host.progress?.(`looked into ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  // Two addresses of the same mailbox lead to the same messages.
  const once = new Set<string>();
  const isFirst = ({ item_id }: Facts) => !once.has(item_id) && once.add(item_id) !== undefined;
  const own = seen.flatMap((one) => one ?? []);
  const all = [...own, ...(kinds.includes("sender") ? await lookIntoSent(own, addresses, order, host) : [])];
  const related = order.related === true ? await lookForRelated(all, addresses, order, host) : [];
  const looked = joined([...all, ...related]).map((one) => ({ ...one, targets: one.targets.filter(isFirst) }));
  const targets = looked.flatMap((one) => one.targets);
  const tally = tallyOf(targets);
  const unexamined = [...unlisted, ...looked.flatMap((one) => one.problems)];
  const accounted = accountFor(addresses, seen, unexamined);
  const hit = looked.filter((one) => one.targets.length > 0);
  demandLimits(limits, hit);
  const restores = isRestorable(action, prepared.input);
  const backends = restores ? await backendsOf(hit, host) : new Map<never, never>();
  if (restores && prepared.input.keep_export === true) await checkExports(backends, host);
  const fromEvidence = restores ? restorable(action, prepared.input, new Set(backends.keys())) : [];
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
    cannot_be_undone: [...whyNotUndone(action, prepared.input), ...notRestored(tally)],
    targets,
  };
}

function isByAttachment({ query }: SweepOrder): boolean {
  return query?.attachment_name !== undefined || query?.attachment_sha256 !== undefined;
}

/** Describes how mailcordon searched each mailbox. */
function finderOf({ internetMessageIds, query, find = "search" }: SweepOrder): string {
  const by = [...(internetMessageIds.length === 0 ? [] : ["the Internet Message-ID"]), ...(query === undefined ? [] : ["the query"])].join(
    " and ",
  );
  const where = find === "search" ? "every mailbox" : "the mailboxes that were found";
  return `mailcordon searched ${where} by ${by}.`;
}

/** Finds the senders' copies in mailboxes outside the plan's scope. */
async function lookIntoSent(own: readonly Seen[], addresses: readonly string[], order: SweepOrder, host: Host): Promise<readonly Seen[]> {
  const open = (address: string) => host.exchange.mailbox(address, patientCall(host));
  const found = own.flatMap(({ targets }) => targets).filter(isOriginal);
  const sent = await sentCopies(found, addresses, messageIdsOf(order, found), open);
  return sent.map(({ address, found: { targets, failures } }) => ({ targets, problems: failures.map((one) => problemIn(address, one)) }));
}

/** Finds related copies in every mailbox of the scope, even in one without the original. Throws Failure. */
async function lookForRelated(own: readonly Seen[], addresses: readonly string[], order: SweepOrder, host: Host): Promise<readonly Seen[]> {
  const found = own.flatMap(({ targets }) => targets).filter(isOriginal);
  const originals = { names: messageIdsOf(order, found), found };
  if (found.length === 0) return [];
  const seen: Seen[] = [];
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    const { targets, failures } = await relatedIn(host.exchange.mailbox(address, patientCall(host)), originals);
    seen[at] = { targets, problems: failures.map((one) => problemIn(address, one)) };
    done += 1;
    host.progress?.(`looked for related copies in ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  return seen;
}

/** Joins the findings of several searches by mailbox. */
function joined(all: readonly Seen[]): readonly Seen[] {
  const byMailbox = new Map<string, { targets: Facts[]; problems: Unexamined[] }>();
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
function isOriginal({ residue, relation }: Facts): boolean {
  return residue === undefined && relation === undefined;
}

function tallyOf(targets: readonly Facts[]): Partial<Record<ResidueKind, number>> {
  const tally: Partial<Record<ResidueKind, number>> = {};
  for (const { residue } of targets) if (residue !== undefined) tally[residue] = (tally[residue] ?? 0) + 1;
  return tally;
}

/** Throws Failure `unexpected-count`. */
function demandLimits(limits: Limits, hit: readonly Seen[]): void {
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
