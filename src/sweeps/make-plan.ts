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
import { throttledCallOptions } from "./find/throttling-wait.ts";
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

const unrelatedText = "Forwarded and replied copies, which have other Message-IDs, are not looked for.";
const relatedLimitsText =
  "Related copies were looked for among messages with the same subject or with attachments, in the mailboxes of the plan only.";
const inlineLimitsText =
  "Messages whose only attachments are inline, such as images in the body, were not looked at: Exchange does not count these.";
const archivesText = "Archive mailboxes are not searched. Over EWS, --archive includes them.";

/** Searches each mailbox and records the facts of each target. Throws Failure: `unexpected-count` if a limit is exceeded; then there is no plan. */
export async function makePlan(spec: SweepSpec, options: PlanOptions): Promise<SweepPlan> {
  const { connection } = options;
  // Earlier calls in the audit log do not change the present content, and reading the log for each mailbox costs more than the search.
  const host: Host = { ...options.host, audit: options.host.audit && { ...options.host.audit, done: undefined } };
  checkSpec(spec);
  const { action, input, limits } = spec;
  const prepared = prepareInput(spec);
  const residue = residueFor(action, prepared.input, spec.residue);
  const { kinds } = residue;
  // The search of each mailbox listens to the signal.
  if (host.signal !== undefined) setMaxListeners(0, host.signal);
  const scope = await findMailboxes(spec, host);
  const { addresses, unlisted } = scope;
  demandMailboxes(scope);
  const mailboxPlans: (MailboxPlan | undefined)[] = addresses.map(() => undefined);
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    mailboxPlans[at] = await planMailbox(address, spec, residue, host);
    done += 1;
    host.progress?.(`looked into ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  // Two addresses of the same mailbox lead to the same messages.
  const seenIds = new Set<string>();
  const isFirst = ({ item_id }: TargetFacts) => !seenIds.has(item_id) && seenIds.add(item_id) !== undefined;
  const foundPlans = mailboxPlans.flatMap((one) => one ?? []);
  const all = [...foundPlans, ...(kinds.includes("sender") ? await findSentCopies(foundPlans, addresses, spec, host) : [])];
  const related = spec.related === true ? await findRelatedCopies(all, addresses, spec, host) : [];
  const merged = mergedByMailbox([...all, ...related]).map((one) => ({ ...one, targets: one.targets.filter(isFirst) }));
  const targets = merged.flatMap((one) => one.targets);
  const tally = tallyOf(targets);
  const unexamined = [...unlisted, ...merged.flatMap((one) => one.problems)];
  const accounted = accountFor(addresses, mailboxPlans, unexamined);
  const withTargets = merged.filter((one) => one.targets.length > 0);
  checkLimits(limits, withTargets);
  const restores = isRestorable(action, prepared.input);
  const backends = restores ? await backendsOf(withTargets, host) : new Map<never, never>();
  if (restores && prepared.input.keep_export === true) await checkExports(backends, host);
  const fromEvidence = restores ? restoredFromEvidence(action, prepared.input, new Set(backends.keys())) : [];
  return {
    version: 1,
    connection,
    find: {
      internet_message_id: [...spec.internetMessageIds],
      mailboxes: scope.isEvery ? "all" : [...addresses],
      finder: finderOf(spec),
      finders: [...scope.finders],
      ...scope.facts,
      ...(spec.query === undefined ? {} : { query: spec.query }),
      ...(spec.related === true ? { related: true as const } : {}),
    },
    action: action.name,
    input,
    limits,
    counts: {
      messages: targets.filter(isOriginal).length,
      ...(spec.related === true ? { related: targets.filter(({ relation }) => relation !== undefined).length } : {}),
      mailboxes: withTargets.length,
      examined: accounted.examined.length,
      unexamined: accounted.unexamined,
      ...omitUndefined(Object.fromEntries(residueKinds.map((kind) => [countNames[kind], tally[kind]]))),
    },
    unexamined,
    ...(scope.leftOut.length === 0 ? {} : { not_examined: scope.leftOut.map(({ mailbox, message }) => ({ mailbox, message })) }),
    residue: [...kinds],
    ...(spec.later === undefined ? {} : { later: { ...spec.later, mailboxes: [...accounted.examined] } }),
    left_alone: [
      ...residueLeftAlone(kinds),
      ...(spec.later === undefined ? ["Messages that arrive after the plan are not changed."] : []),
      spec.related === true ? relatedLimitsText : unrelatedText,
      ...scope.leftAlone,
      ...(isByAttachment(spec) ? [inlineLimitsText] : []),
      ...(input.archive === true ? [] : [archivesText]),
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
  const scope = find === "search" ? "every mailbox" : "the mailboxes that were found";
  return `mailcordon searched ${scope} by ${by}.`;
}

/** Finds the senders' copies in mailboxes outside the plan's scope. */
async function findSentCopies(
  foundPlans: readonly MailboxPlan[],
  addresses: readonly string[],
  spec: SweepSpec,
  host: Host,
): Promise<readonly MailboxPlan[]> {
  const open = (address: string) => host.exchange.mailbox(address, throttledCallOptions(host));
  const originalTargets = foundPlans.flatMap(({ targets }) => targets).filter(isOriginal);
  const copies = await findSenderCopies(originalTargets, addresses, messageIdsOf(spec, originalTargets), open);
  return copies.map(({ address, found: { targets, failures } }) => ({
    targets,
    problems: failures.map((one) => unexaminedOf(address, one)),
  }));
}

/** Finds related copies in every mailbox of the scope, even in one without the original. Throws Failure. */
async function findRelatedCopies(
  foundPlans: readonly MailboxPlan[],
  addresses: readonly string[],
  spec: SweepSpec,
  host: Host,
): Promise<readonly MailboxPlan[]> {
  const originalTargets = foundPlans.flatMap(({ targets }) => targets).filter(isOriginal);
  const originals = { names: messageIdsOf(spec, originalTargets), found: originalTargets };
  if (originalTargets.length === 0) return [];
  const mailboxPlans: MailboxPlan[] = [];
  let done = 0;
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  await eachAtPace(addresses.entries(), pace, async ([at, address]) => {
    const { targets, failures } = await findRelated(host.exchange.mailbox(address, throttledCallOptions(host)), originals);
    mailboxPlans[at] = { targets, problems: failures.map((one) => unexaminedOf(address, one)) };
    done += 1;
    host.progress?.(`looked for related copies in ${done} of ${counted(addresses.length, "mailbox")}`);
  });
  return mailboxPlans;
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
function checkLimits(limits: Limits, withTargets: readonly MailboxPlan[]): void {
  const all = withTargets.flatMap(({ targets }) => targets);
  const messages = all.filter(isOriginal).length;
  const refuse = (message: string) => {
    throw new Failure("unexpected-count", `${message} There is no plan, and nothing was changed.`, {
      hint: "Look at what is there with a search, then name fewer or change the limit.",
    });
  };
  const { max_mailboxes, max_items, expected_count, expected_per_mailbox } = limits;
  if (max_mailboxes !== undefined && withTargets.length > max_mailboxes)
    refuse(`Found messages in ${counted(withTargets.length, "mailbox")}, more than max_mailboxes allows (${max_mailboxes}).`);
  const otherTargets = all.length - messages;
  const withOthers = otherTargets === 0 ? "" : ` and ${counted(otherTargets, "other target")} that they left behind or that are related`;
  if (max_items !== undefined && all.length > max_items)
    refuse(`Found ${counted(messages, "message")}${withOthers}, more than max_items allows (${max_items}).`);
  if (expected_count !== undefined && messages !== expected_count)
    refuse(`Found ${counted(messages, "message")} where expected_count says ${expected_count}.`);
  const ofMessages = withTargets.map(({ targets }) => targets.filter(isOriginal)).filter(({ length }) => length > 0);
  const unexpected = ofMessages.find(({ length }) => expected_per_mailbox !== undefined && length !== expected_per_mailbox);
  if (unexpected !== undefined)
    refuse(
      `Found ${counted(unexpected.length, "message")} in ${unexpected[0]?.mailbox} where expected_per_mailbox says ${expected_per_mailbox}.`,
    );
}
