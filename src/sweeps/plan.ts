import type { Exchange } from "../exchange/exchange.ts";
import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type Host, perform } from "../perform/perform.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { ConnectionFacts, SweepPlan } from "./header.ts";
import { checkOrder, type Limits, type SweepOrder, whyNotUndone } from "./order.ts";

/** A mailbox in which something could not be looked at. It may have targets besides. */
export interface Unexamined {
  readonly mailbox: string;
  readonly code: FailureCode;
  readonly message: string;
}

export interface PlanWays {
  /** What actions work with. Only reads are made. */
  readonly host: Host;
  readonly connection: ConnectionFacts;
  /** Mailboxes that are looked into at a time: how many requests that may be is the connection's to schedule. */
  readonly atOnce?: number | undefined;
}

const finder = "mailcordon searched every mailbox by the Internet Message-ID.";
const leftAlone = [
  "Calendar entries of meeting invitations are not removed.",
  "Messages that arrive after the plan are not touched.",
  "Forwarded and replied copies, which have other Message-IDs, are not looked for.",
];
const archivesLeft = "Archive mailboxes are not searched. Over EWS, --archive includes them.";

/** Failures that are the same for every mailbox: then there is no plan. */
const aboutTheCall: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(["cancelled", "invalid-input", "unauthenticated", "tls-failed", "audit-failed", "confirmation-required"] as const),
]);

/** Looks into each mailbox and freezes what is found. Throws Failure: `unexpected-count` when a limit is not kept, then there is no plan. */
export async function makePlan(order: SweepOrder, { host, connection, atOnce = 16 }: PlanWays): Promise<SweepPlan> {
  checkOrder(order);
  const { action, input, limits } = order;
  const prepared = action.prepare({ ...input, internet_message_id: [...order.internetMessageIds], dry_run: true });
  const { addresses, unlisted } = await mailboxesOf(order.mailboxes, host.exchange, host);
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
  const looked = seen.flatMap((one) => one ?? []);
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
      mailboxes: order.mailboxes === undefined ? "all" : [...addresses],
      finder,
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
    left_alone: [...leftAlone, ...(input.archive === true ? [] : [archivesLeft])],
    cannot_be_undone: [...whyNotUndone(action, prepared.input)],
    targets,
  };
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
  const names = [...order.internetMessageIds];
  const answer = await perform(order.action, { ...order.input, mailbox: address, internet_message_id: names, dry_run: true }, host);
  if (answer.error !== undefined) return { targets: [], problems: [problem(answer.error)] };
  const results = answer.results ?? [];
  const problems = results.flatMap(({ error }) => (error === undefined ? [] : [problem(error)]));
  if (answer.incomplete === true && problems.length === 0) problems.push(problem({ code: "could-not-look", message: answer.message }));
  const planned = results.filter(({ status }) => status === "planned");
  const ids = planned.flatMap(({ item_id }) => (typeof item_id === "string" ? [item_id] : []));
  if (ids.length === 0) return { targets: [], problems };
  const targets: Facts[] = [];
  try {
    let at = 0;
    // As it is read again before it is touched.
    for await (const outcome of host.exchange.mailbox(address, { signal: host.signal }).get(ids, {})) {
      const path = planned[at++]?.folder_path;
      if (outcome.ok) targets.push(factsOf(address, outcome.value, typeof path === "string" ? path : undefined));
      else problems.push(problem(outcome.failure));
    }
  } catch (thrown) {
    problems.push(problem(asFailure(thrown)));
  }
  return { targets, problems };
}

/** The mailboxes that are meant, each once, and those of which the list says that they cannot be opened. Throws Failure. */
async function mailboxesOf(
  named: readonly string[] | undefined,
  exchange: Exchange,
  { signal, progress }: Pick<Host, "signal" | "progress">,
): Promise<{ readonly addresses: readonly string[]; readonly unlisted: readonly Unexamined[] }> {
  const once = (addresses: readonly string[]) => [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
  if (named !== undefined) return { addresses: once(named), unlisted: [] };
  const list = await exchange.searchableMailboxes({ expandGroups: false }, { signal, progress });
  const nameless = list.failed.find(({ mailbox }) => mailbox === "");
  if (nameless !== undefined)
    throw new Failure("could-not-look", `Not every mailbox could be listed, so there is no plan. ${nameless.message}`, {
      hint: "Name the mailboxes with --mailboxes.",
      cause: nameless.failure,
    });
  const unopened = (list.unopened ?? []).filter(({ mailbox }) => mailbox !== "");
  const closed = unopened.filter(({ failure }) => failure !== undefined);
  const listed = list.mailboxes.filter(({ isGroup, isExternal }) => isGroup !== true && isExternal !== true);
  const others = [...list.failed, ...unopened.filter(({ failure }) => failure === undefined)];
  return {
    addresses: once([...listed, ...others].map(({ mailbox }) => mailbox)),
    unlisted: closed.map(({ mailbox, failure, message }) => ({ mailbox, code: failure?.code ?? "could-not-look", message })),
  };
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
