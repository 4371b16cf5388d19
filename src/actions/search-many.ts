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
  /** Why it cannot be searched, where that is known: it is not asked. */
  readonly failure?: Failure | undefined;
  /** The same mailbox for a search that ends when the signal is given. */
  readonly until: (signal: AbortSignal) => MailboxFor<"search">;
}

/** How long is searched, and who is told. */
export interface SearchOptions {
  readonly signal: AbortSignal | undefined;
  /** When the whole call is given up, as `performance.now()` counts. */
  readonly deadline: number | undefined;
  readonly onProgress: (text: string) => void;
  /** Told of each mailbox that is asked. */
  readonly onMailbox?: ((address: string) => void) | undefined;
}

/** What one mailbox gave. */
export interface MailboxResult {
  readonly address: string;
  /** The back end that holds it, where the connection has two and that could be told. */
  readonly backend: string | undefined;
  /** How many of the messages given out are from here. */
  readonly count: number;
  readonly total: number | undefined;
  readonly failure: Failure | undefined;
  readonly unsearched: readonly Unsearched[];
  readonly archive: ArchiveState | undefined;
  /** Where to go on: absent when everything was given out, or when it failed. */
  readonly next: { readonly cursor: string | undefined } | undefined;
}

export interface SearchResult {
  readonly messages: readonly { readonly address: string; readonly message: Message }[];
  readonly applied: AppliedFilters;
  /** One per place, in their order. */
  readonly mailboxes: readonly MailboxResult[];
}

// A few at a time, each with its pages and bodies in memory. How many requests that may be, and when, is the connection's to schedule.
const searchesAtATime = 4;

/** One of several mailboxes has so long, less than the 300 seconds that EWS has for one reply and `serve` for a call. Milliseconds. */
const mailboxLimitMs = 240_000;
/** A mailbox that takes longer than this no longer counts among those searched at a time: one that never answers holds up no other. Milliseconds. */
const slowAfterMs = 10_000;
/** Of the time of the whole call, so much is left to answer in. */
const leftToAnswer = 0.1;

/** Failures that are the same for every mailbox: the call has failed. */
const callFailures: ReadonlySet<FailureCode> = new Set<FailureCode>(["cancelled", "invalid-input", "unauthenticated", "tls-failed"]);

interface MailboxProgress {
  readonly target: MailboxToSearch;
  backend: string | undefined;
  messages: Message[];
  /** Some were taken away again, since newer ones of other mailboxes fill the limit. */
  cut: boolean;
  next: string | undefined;
  total: number | undefined;
  failure: Failure | undefined;
  unsearched: readonly Unsearched[];
  archive: ArchiveState | undefined;
}

/**
 * Searches several mailboxes; the limit and the order, newest first, are over all of them. A mailbox that fails fails alone. So does one that
 * has not answered in its own time, or when the time of the call is nearly over; the others are searched meanwhile.
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
    (target): MailboxProgress => ({
      target,
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
  let done = 0;
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
        // Of the whole is said what is least sure of any.
        for (const name of names(page.applied)) applied[name] = leastCertain(applied[name], page.applied[name]);
        keepNewest(states, search.limit);
      } else if (callFailures.has(outcome.failure.code)) {
        // The others end with the mailbox that they are at.
        waiting.length = 0;
        throw outcome.failure;
      } else state.failure = outcome.failure;
      done += 1;
      if (states.length > 1) onProgress(`searched ${done} of ${states.length} mailboxes`);
    }
  };
  const workers = Array.from({ length: searchesAtATime }, work);
  // Another one in the place of one that waits. That it fails is told where it is waited for.
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

/** Throws Failure `timeout` when the mailbox takes longer than it may, whether or not it ends then. */
async function searchInTime<T>(
  { until, mailbox: { address } }: MailboxToSearch,
  ask: (mailbox: MailboxFor<"search">) => Promise<T>,
  signal: AbortSignal | undefined,
  answerBy: number | undefined,
): Promise<T> {
  const left = answerBy === undefined ? mailboxLimitMs : Math.min(mailboxLimitMs, answerBy - performance.now());
  if (left <= 0) throw new Failure("timeout", `The time of the call was over before ${address} was searched.`, { hint: timeHint });
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

const timeHint = "Search this mailbox alone, or narrow the search. If it never answers, check the mailbox.";

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

/** Forgets what cannot be among the newest any more, so that many mailboxes need no more memory than the limit. */
function keepNewest(states: readonly MailboxProgress[], limit: number): void {
  const kept = new Map<MailboxProgress, number>();
  for (const { box: state } of merged(states).slice(0, limit)) kept.set(state, (kept.get(state) ?? 0) + 1);
  for (const state of states) {
    const count = kept.get(state) ?? 0;
    if (count === state.messages.length) continue;
    state.messages = state.messages.slice(0, count);
    state.cut = true;
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

/** The cursor in the middle of a page: after the messages that were given out of it. */
function cursorAfter(messages: readonly Message[], search: Omit<Search, "cursor">, cursor: string | undefined): string | undefined {
  if (messages.length === 0) return cursor;
  const requested = { ...search, cursor };
  return nextCursor(requested, messages, readCursor(requested));
}

/** Where a search over several mailboxes goes on. */
export interface SearchPosition {
  /** When `last_minutes` began on the first page: it must not move between pages. */
  readonly receivedAfter: string | undefined;
  readonly places: readonly { readonly address: string; readonly cursor: string | undefined }[];
}

export function writePosition({ receivedAfter, places }: SearchPosition): string {
  const texts = [receivedAfter ?? "", ...places.flatMap(({ address, cursor }) => [address, cursor ?? ""])];
  return Buffer.from(JSON.stringify(texts)).toString("base64url");
}

/** Undefined for what was not written by `writePosition`. */
export function readPosition(text: string): SearchPosition | undefined {
  const value = parseJson(Buffer.from(text, "base64url").toString("utf8"));
  if (!Array.isArray(value)) return undefined;
  const [receivedAfter, ...rest]: unknown[] = value;
  if (typeof receivedAfter !== "string" || rest.length === 0 || rest.length % 2 === 1) return undefined;
  const texts = rest.filter((item) => typeof item === "string");
  if (texts.length !== rest.length) return undefined;
  const places = texts.flatMap((address, at) => (at % 2 === 0 ? [{ address, cursor: texts[at + 1] || undefined }] : []));
  return { receivedAfter: receivedAfter || undefined, places };
}
