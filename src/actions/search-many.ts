import type { Message } from "../exchange/message.ts";
import type { MailboxFor } from "../exchange/port-methods.ts";
import { nextCursor, readCursor } from "../exchange/search/cursor.ts";
import type { Applied, AppliedFilters, ArchiveState, FilterName, Search, Unsearched } from "../exchange/search/search-query.ts";
import { Failure, type FailureCode } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { parseJson } from "../text/parse-json.ts";

/** One mailbox to search, and where to go on in it. */
export interface MailboxToSearch {
  readonly mailbox: MailboxFor<"search">;
  readonly cursor: string | undefined;
  /** Why the mailbox cannot be searched, if that is already known; then no request is sent. */
  readonly failure?: Failure | undefined;
  /** Returns the same mailbox with a signal that ends its search. */
  readonly until: (signal: AbortSignal) => MailboxFor<"search">;
}

/** Time limits of a search, and its listeners. */
export interface SearchOptions {
  readonly signal: AbortSignal | undefined;
  /** When the whole call is abandoned, in the time of `performance.now()`. */
  readonly deadline: number | undefined;
  readonly onProgress: (text: string) => void;
  /** Called with each mailbox that is searched. */
  readonly onMailbox?: ((address: string) => void) | undefined;
}

/** Result of one mailbox. */
export interface MailboxResult {
  readonly address: string;
  /** Back end that holds the mailbox, if the connection has two and mailcordon could determine it. */
  readonly backend: string | undefined;
  /** Number of returned messages from this mailbox. */
  readonly count: number;
  readonly total: number | undefined;
  readonly failure: Failure | undefined;
  readonly unsearched: readonly Unsearched[];
  readonly archive: ArchiveState | undefined;
  /** The position at which to continue. Absent if everything was returned, or if the search failed. */
  readonly next: { readonly cursor: string | undefined } | undefined;
}

export interface SearchResult {
  readonly messages: readonly { readonly address: string; readonly message: Message }[];
  readonly applied: AppliedFilters;
  /** One per place, in their order. */
  readonly mailboxes: readonly MailboxResult[];
}

/**
 * Maximum number of mailboxes searched at a time: somewhat more than the requests that Exchange allows an account (27), so the connection's queue, which
 * knows the allowance, always has one to send.
 */
const mostAtATime = 32;
/** Messages that may be in memory while their mailboxes are searched, and bodies: four mailboxes with the largest limit. */
const mostInMemory = 40_000;
const mostBodies = 200;

/** Number of mailboxes to search at a time: each holds as many messages as the whole search returns. */
export function searchesAtATime({ limit, detail }: Pick<Search, "limit" | "detail">): number {
  const hasBodies = detail?.body === "text" || detail?.body === "html";
  return Math.max(4, Math.min(mostAtATime, Math.floor((hasBodies ? mostBodies : mostInMemory) / limit)));
}

/** Time limit of one of several mailboxes: less than the 300 seconds that EWS has for one reply and `serve` for a call. Milliseconds. */
const mailboxLimitMs = 240_000;
/**
 * A mailbox that takes longer does not count towards the mailboxes searched at a time, so one that never replies does not block others. Milliseconds.
 */
const slowAfterMs = 10_000;
/** Part of the call's time that is reserved for answering. */
const leftToAnswer = 0.1;

/** Failures that affect every mailbox, so the whole call failed. */
const callFailures: ReadonlySet<FailureCode> = new Set<FailureCode>(["cancelled", "invalid-input", "unauthenticated", "tls-failed"]);

interface MailboxProgress {
  readonly target: MailboxToSearch;
  /** Its place in the order of the mailboxes. */
  readonly index: number;
  backend: string | undefined;
  messages: Message[];
  /** Some messages were dropped again, because newer ones of other mailboxes fill the limit. */
  cut: boolean;
  next: string | undefined;
  total: number | undefined;
  failure: Failure | undefined;
  unsearched: readonly Unsearched[];
  archive: ArchiveState | undefined;
}

/**
 * Searches several mailboxes; the limit and the order, newest first, apply to all together. If a mailbox fails, or does not reply within its time
 * limit or before the call's time is nearly over, only that mailbox fails; the others are still searched. A search that is stopped on request returns what
 * it has found, if any mailbox was searched; every other mailbox fails with `cancelled`. Throws Failure if the whole search failed.
 */
export async function searchMany(
  places: readonly MailboxToSearch[],
  search: Omit<Search, "cursor">,
  options: SearchOptions,
): Promise<SearchResult> {
  const { onProgress } = options;
  const now = performance.now();
  const answerBy = options.deadline === undefined ? undefined : now + (options.deadline - now) * (1 - leftToAnswer);
  const states = places.map(
    (target, index): MailboxProgress => ({
      target,
      index,
      backend: undefined,
      messages: [],
      cut: false,
      next: undefined,
      total: undefined,
      failure: undefined,
      unsearched: [],
      archive: undefined,
    }),
  );
  const applied: Partial<Record<FilterName, Applied>> = {};
  const waiting = [...states];
  /** Mailboxes whose messages are kept: never more than the limit, however many mailboxes there are. */
  const holding = new Set<MailboxProgress>();
  let done = 0;
  let isSearched = false;
  const work = async () => {
    for (let state = waiting.shift(); state !== undefined; state = waiting.shift()) {
      const { target } = state;
      const slow = states.length > 1 ? setTimeout(() => void more(), slowAfterMs) : undefined;
      const ask = async (mailbox: MailboxFor<"search">) => {
        options.onMailbox?.(mailbox.address);
        state.backend = await mailbox.route?.();
        return mailbox.search({ ...search, cursor: target.cursor });
      };
      const alone = states.length === 1;
      const known = target.failure;
      const outcome = await attempt(() =>
        known !== undefined ? Promise.reject(known) : alone ? ask(target.mailbox) : searchInTime(target, ask, options.signal, answerBy),
      );
      clearTimeout(slow);
      if (outcome.ok) {
        const page = outcome.value;
        Object.assign(state, {
          messages: [...page.messages],
          next: page.nextCursor,
          total: page.total,
          unsearched: page.unsearched ?? [],
          archive: page.archive,
        });
        // The whole search reports the least certain value of any mailbox.
        for (const name of names(page.applied)) applied[name] = leastCertain(applied[name], page.applied[name]);
        isSearched = true;
        if (state.messages.length > 0) holding.add(state);
        keepNewest(holding, search.limit);
      } else if (outcome.failure.code === "cancelled" && isSearched) {
        for (const unsearched of [state, ...waiting.splice(0)]) unsearched.failure = stopped(unsearched);
      } else if (callFailures.has(outcome.failure.code)) {
        // The others end with the mailbox that they are at.
        waiting.length = 0;
        throw outcome.failure;
      } else state.failure = outcome.failure;
      done += 1;
      if (states.length > 1) onProgress(`searched ${done} of ${states.length} mailboxes`);
    }
  };
  const workers = Array.from({ length: Math.min(states.length, searchesAtATime(search)) }, work);
  // A failure of `next` is reported where it is awaited.
  const more = () => {
    const worker = work();
    worker.catch(() => undefined);
    workers.push(worker);
  };
  for (let waitedFor = 0; waitedFor < workers.length; ) {
    waitedFor = workers.length;
    await Promise.all(workers);
  }
  return {
    messages: merged(states).map(({ box: state, message }) => ({ address: state.target.mailbox.address, message })),
    applied,
    mailboxes: states.map((state) => searched(state, search)),
  };
}

function stopped({ target }: MailboxProgress): Failure {
  return new Failure("cancelled", `The call was stopped before ${target.mailbox.address} was searched.`);
}

/** Throws Failure `timeout` if the mailbox takes longer than its limit, even if its work does not end then. */
async function searchInTime<T>(
  { until, mailbox: { address } }: MailboxToSearch,
  ask: (mailbox: MailboxFor<"search">) => Promise<T>,
  signal: AbortSignal | undefined,
  answerBy: number | undefined,
): Promise<T> {
  const left = answerBy === undefined ? mailboxLimitMs : Math.min(mailboxLimitMs, answerBy - performance.now());
  if (left <= 0) throw new Failure("timeout", `The time limit of the call ended before ${address} was searched.`, { hint: timeHint });
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal?.addEventListener("abort", abort);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Failure("timeout", `The search of ${address} did not end within ${Math.round(left / 1000)} s.`, { hint: timeHint }));
      stop.abort();
    }, left);
  });
  try {
    if (signal?.aborted) abort();
    return await Promise.race([ask(until(stop.signal)), late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

const timeHint = "Search this mailbox alone, or narrow the search. If it never ends, check the mailbox.";

const certaintyOrder: readonly (Applied | undefined)[] = [undefined, "server", "client", "server, unchecked"];

function leastCertain(one: Applied | undefined, other: Applied | undefined): Applied {
  return (certaintyOrder.indexOf(one) > certaintyOrder.indexOf(other) ? one : other) ?? "client";
}

function names(applied: SearchResult["applied"]): FilterName[] {
  const list: FilterName[] = [];
  let name: FilterName;
  for (name in applied) list.push(name);
  return list;
}

/** All messages, newest first; at one instant in the order of the mailboxes. */
function merged(states: readonly MailboxProgress[]): { readonly box: MailboxProgress; readonly message: Message }[] {
  const all = states.flatMap((state) => state.messages.map((message) => ({ box: state, message, at: message.receivedAt ?? "" })));
  return all.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1));
}

/** Drops messages that can no longer be among the newest, so that many mailboxes need no more memory than the limit. */
function keepNewest(holding: Set<MailboxProgress>, limit: number): void {
  const states = [...holding].sort((a, b) => a.index - b.index);
  const kept = new Map<MailboxProgress, number>();
  for (const { box: state } of merged(states).slice(0, limit)) kept.set(state, (kept.get(state) ?? 0) + 1);
  for (const state of states) {
    const count = kept.get(state) ?? 0;
    if (count === state.messages.length) continue;
    state.messages = state.messages.slice(0, count);
    state.cut = true;
    if (count === 0) holding.delete(state);
  }
}

function searched(
  { target, backend, messages, cut, next, total, failure, unsearched, archive }: MailboxProgress,
  search: Omit<Search, "cursor">,
): MailboxResult {
  const { mailbox, cursor } = target;
  return {
    address: mailbox.address,
    backend,
    count: messages.length,
    total,
    failure,
    unsearched,
    archive,
    next:
      failure !== undefined || (!cut && next === undefined) ? undefined : { cursor: cut ? cursorAfter(messages, search, cursor) : next },
  };
}

/** Returns the cursor within a page: after the messages of the page that were returned. */
function cursorAfter(messages: readonly Message[], search: Omit<Search, "cursor">, cursor: string | undefined): string | undefined {
  if (messages.length === 0) return cursor;
  const requested = { ...search, cursor };
  return nextCursor(requested, messages, readCursor(requested));
}

/** The position at which a search over several mailboxes continues. */
export interface SearchPosition {
  /** Bounds of the first page: those that depend on the clock must not move between pages. */
  readonly receivedAfter: string | undefined;
  readonly receivedBefore: string | undefined;
  readonly places: readonly { readonly address: string; readonly cursor: string | undefined }[];
}

export function writePosition({ receivedAfter, receivedBefore, places }: SearchPosition): string {
  // An interval as in ISO 8601; a cursor from before has no end.
  const texts = [`${receivedAfter ?? ""}/${receivedBefore ?? ""}`, ...places.flatMap(({ address, cursor }) => [address, cursor ?? ""])];
  return Buffer.from(JSON.stringify(texts)).toString("base64url");
}

/** Undefined for text that `writePosition` did not write. */
export function readPosition(text: string): SearchPosition | undefined {
  const value = parseJson(Buffer.from(text, "base64url").toString("utf8"));
  if (!Array.isArray(value)) return undefined;
  const [bounds, ...rest]: unknown[] = value;
  if (typeof bounds !== "string" || rest.length === 0 || rest.length % 2 === 1) return undefined;
  const texts = rest.filter((item) => typeof item === "string");
  if (texts.length !== rest.length) return undefined;
  const places = texts.flatMap((address, at) => (at % 2 === 0 ? [{ address, cursor: texts[at + 1] || undefined }] : []));
  const [receivedAfter, receivedBefore] = bounds.split("/");
  return { receivedAfter: receivedAfter || undefined, receivedBefore: receivedBefore || undefined, places };
}
