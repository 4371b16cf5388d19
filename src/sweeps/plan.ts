import type { Result } from "../catalogue/answer-envelope.ts";
import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type Host, perform } from "../perform/perform.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Unexamined } from "./find/found.ts";
import { findMailboxes } from "./find/mailboxes.ts";
import { searchMailbox } from "./find/query.ts";
import type { ConnectionFacts, SweepPlan } from "./header.ts";
import { checkOrder, type Limits, type SweepOrder, whyNotUndone } from "./order.ts";

export interface PlanWays {
  /** What actions work with. Only reads are made. */
  readonly host: Host;
  readonly connection: ConnectionFacts;
  /** Mailboxes that are looked into at a time: how many requests that may be is the connection's to schedule. */
  readonly atOnce?: number | undefined;
}

const leftAlone = [
  "Calendar entries of meeting invitations are not removed.",
  "Messages that arrive after the plan are not touched.",
  "Forwarded and replied copies, which have other Message-IDs, are not looked for.",
];
const inlineLeft =
  "Messages whose only attachments are inline, such as images in the body, were not looked at: Exchange does not count these.";
const archivesLeft = "Archive mailboxes are not searched. Over EWS, --archive includes them.";

/** Messages whose plan is made by one call. */
const idsAtOnce = 100;

/** Failures that are the same for every mailbox: then there is no plan. */
const aboutTheCall: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(["cancelled", "invalid-input", "unauthenticated", "tls-failed", "audit-failed", "confirmation-required"] as const),
]);

/** Looks into each mailbox and freezes what is found. Throws Failure: `unexpected-count` when a limit is not kept, then there is no plan. */
export async function makePlan(order: SweepOrder, { host, connection, atOnce = 16 }: PlanWays): Promise<SweepPlan> {
  checkOrder(order);
  const { action, input, limits } = order;
  const names = order.internetMessageIds.length === 0 ? { item_id: ["AAMk"] } : { internet_message_id: [...order.internetMessageIds] };
  const prepared = action.prepare({ ...input, ...names, dry_run: true });
  const where = await findMailboxes(order, host);
  const { addresses, unlisted } = where;
  const seen: (Seen | undefined)[] = addresses.map(() => undefined);
  const waiting = [...addresses.entries()];
  let done = 0;
  let stopped: Failure | undefined;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && stopped === undefined; next = waiting.shift()) {
      const [at, address] = next;
      const looked = await attempt(() => lookInto(address, order, host));
      if (!looked.ok) stopped ??= looked.failure;
      else seen[at] = looked.value;
      done += 1;
      host.progress?.(`looked into ${done} of ${addresses.length} mailboxes`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, addresses.length) }, work));
  if (stopped !== undefined) throw stopped;
  // Two addresses of one mailbox show the same messages.
  const once = new Set<string>();
  const isFirst = ({ item_id }: Facts) => !once.has(item_id) && once.add(item_id) !== undefined;
  const looked = seen.flatMap((one) => (one === undefined ? [] : [{ ...one, targets: one.targets.filter(isFirst) }]));
  const targets = looked.flatMap((one) => one.targets);
  const unexamined = [...unlisted, ...looked.flatMap((one) => one.problems)];
  const closed = new Set(unexamined.map(({ mailbox }) => mailbox.toLowerCase()));
  const hit = looked.filter((one) => one.targets.length > 0);
  demandLimits(limits, hit);
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
    },
    action: action.name,
    input,
    limits,
    counts: {
      messages: targets.length,
      mailboxes: hit.length,
      examined: addresses.filter((address) => !closed.has(address.toLowerCase())).length,
      unexamined: closed.size,
    },
    unexamined,
    ...(where.leftOut.length === 0 ? {} : { not_examined: where.leftOut.map(({ mailbox, message }) => ({ mailbox, message })) }),
    left_alone: [
      ...leftAlone,
      ...where.leftAlone,
      ...(isByAttachment(order) ? [inlineLeft] : []),
      ...(input.archive === true ? [] : [archivesLeft]),
    ],
    cannot_be_undone: [...whyNotUndone(action, prepared.input)],
    targets,
  };
}

function isByAttachment({ query }: SweepOrder): boolean {
  return query?.attachment_name !== undefined || query?.attachment_sha256 !== undefined;
}

/** How messages were found in each mailbox that was looked into. */
function finderOf({ internetMessageIds, query, find = "search" }: SweepOrder): string {
  const by = [...(internetMessageIds.length === 0 ? [] : ["the Internet Message-ID"]), ...(query === undefined ? [] : ["the query"])].join(
    " and ",
  );
  const where = find === "search" ? "every mailbox" : "the mailboxes that were found";
  return `mailcordon searched ${where} by ${by}.`;
}

interface Seen {
  readonly targets: readonly Facts[];
  readonly problems: readonly Unexamined[];
}

/** What is planned in one mailbox. Throws Failure only for what is wrong with the call as a whole. */
async function lookInto(address: string, order: SweepOrder, host: Host): Promise<Seen> {
  const problem = (failure: { readonly code: FailureCode; readonly message: string }): Unexamined => {
    if (aboutTheCall.has(failure.code)) throw failure instanceof Failure ? failure : new Failure(failure.code, failure.message);
    return { mailbox: address, code: failure.code, message: failure.message };
  };
  const problems: Unexamined[] = [];
  const planned: Result[] = [];
  const dryRun = async (names: Readonly<Record<string, readonly string[]>>) => {
    const answer = await perform(order.action, { ...order.input, mailbox: address, ...names, dry_run: true }, host);
    if (answer.error !== undefined) problems.push(problem(answer.error));
    const results = answer.results ?? [];
    const errors = results.flatMap(({ error }) => (error === undefined ? [] : [problem(error)]));
    for (const one of errors) problems.push(one);
    if (answer.incomplete === true && errors.length === 0 && answer.error === undefined)
      problems.push(problem({ code: "could-not-look", message: answer.message }));
    for (const result of results) if (result.status === "planned") planned.push(result);
  };
  if (order.query === undefined) await dryRun({ internet_message_id: [...order.internetMessageIds] });
  else {
    const mailbox = host.exchange.mailbox(address, { signal: host.signal });
    const found = await attempt(() => searchMailbox(mailbox, order));
    if (!found.ok) return { targets: [], problems: [problem(found.failure)] };
    for (const failure of found.value.problems) problems.push(problem(failure));
    const { ids } = found.value;
    for (let at = 0; at < ids.length; at += idsAtOnce) await dryRun({ item_id: ids.slice(at, at + idsAtOnce) });
  }
  const paths = new Map(planned.flatMap(({ item_id, folder_path }) => (typeof item_id === "string" ? [[item_id, folder_path]] : [])));
  const ids = [...paths.keys()];
  if (ids.length === 0) return { targets: [], problems };
  const targets: Facts[] = [];
  try {
    let at = 0;
    // As it is read again before it is touched.
    for await (const outcome of host.exchange.mailbox(address, { signal: host.signal }).get(ids, {})) {
      const path = paths.get(ids[at++] ?? "");
      if (outcome.ok) targets.push(factsOf(address, outcome.value, typeof path === "string" ? path : undefined));
      else problems.push(problem(outcome.failure));
    }
  } catch (thrown) {
    problems.push(problem(asFailure(thrown)));
  }
  return { targets, problems };
}

/** Throws Failure `unexpected-count`. */
function demandLimits(limits: Limits, hit: readonly Seen[]): void {
  const messages = hit.reduce((sum, { targets }) => sum + targets.length, 0);
  const refuse = (message: string) => {
    throw new Failure("unexpected-count", `${message} There is no plan, and nothing was touched.`, {
      hint: "Look at what is there with a search, then name fewer or change the limit.",
    });
  };
  const { max_mailboxes, max_items, expected_count, expected_per_mailbox } = limits;
  if (max_mailboxes !== undefined && hit.length > max_mailboxes)
    refuse(`Found messages in ${hit.length} mailboxes, more than --max-mailboxes allows (${max_mailboxes}).`);
  if (max_items !== undefined && messages > max_items) refuse(`Found ${messages} messages, more than --max-items allows (${max_items}).`);
  if (expected_count !== undefined && messages !== expected_count)
    refuse(`Found ${messages} messages where --expected-count says ${expected_count}.`);
  const odd = hit.find(({ targets }) => expected_per_mailbox !== undefined && targets.length !== expected_per_mailbox);
  if (odd !== undefined)
    refuse(`Found ${odd.targets.length} messages in ${odd.targets[0]?.mailbox} where --expected-per-mailbox says ${expected_per_mailbox}.`);
}
