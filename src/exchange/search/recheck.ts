import type { Message } from "../message.ts";
import { containsTest } from "./contains-text.ts";
import type { Applied, AppliedFilters, FilterName, Filters } from "./search-query.ts";

/** A server may return whole seconds but compare fractions. */
const hiddenFractionMs = 1000;
/** From here on a list may have cut a text: https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-perform-paged-searches-by-using-ews-in-exchange */
const cutCharacters = 255;

/** Undefined: the listed message does not show the property. */
type Contradicts = (message: Message) => boolean | undefined;

/** Returns the test of a property that may be absent. */
function testOf<T>(value: (message: Message) => T | undefined, contradicts: (value: T) => boolean): Contradicts {
  return (message) => {
    const shown = value(message);
    return shown === undefined ? undefined : contradicts(shown);
  };
}

/**
 * Filters whose property every listed message shows, with a test whether it contradicts the filter. Text that the server may compare differently from
 * mailcordon (letters of other widths, accents) is not a contradiction.
 */
const contradictionTests = {
  receivedAfter: ({ receivedAfter = "" }) => {
    const from = Date.parse(receivedAfter);
    return testOf(
      ({ receivedAt }) => receivedAt,
      (at) => Date.parse(at) + hiddenFractionMs <= from,
    );
  },
  receivedBefore: ({ receivedBefore = "" }) => {
    const to = Date.parse(receivedBefore);
    return testOf(
      ({ receivedAt }) => receivedAt,
      (at) => Date.parse(at) >= to,
    );
  },
  isUnread: ({ isUnread }) =>
    testOf(
      ({ isRead }) => isRead,
      (isRead) => isRead === isUnread,
    ),
  minSize: ({ minSize = 0 }) =>
    testOf(
      ({ size }) => size,
      (size) => size < minSize,
    ),
  maxSize: ({ maxSize = 0 }) =>
    testOf(
      ({ size }) => size,
      (size) => size > maxSize,
    ),
  importance: (filters) =>
    testOf(
      ({ importance }) => importance,
      (importance) => importance !== filters.importance,
    ),
  subject: ({ subject: wanted = "", subjectMatch = "contains" }) => {
    const part = lettersAndDigits(wanted);
    const fits = {
      contains: containsTest(part),
      prefix: (text: string) => text.startsWith(part),
      equals: (text: string) => text === part,
    }[subjectMatch];
    // An empty subject is not listed.
    return ({ subject = "" }) => subject.length < cutCharacters && !fits(lettersAndDigits(subject));
  },
  category: ({ category = "" }) => {
    const wanted = lettersAndDigits(category);
    return testOf(
      ({ categories }) => categories,
      (categories) => !categories.some((own) => lettersAndDigits(own) === wanted),
    );
  },
  itemClass: ({ itemClass: wanted = "" }) =>
    testOf(
      ({ itemClass }) => itemClass,
      (itemClass) => !itemClass.toLowerCase().startsWith(wanted.toLowerCase()),
    ),
} satisfies Partial<Record<FilterName, (filters: Filters) => Contradicts>>;

/** Reduces a text to what all servers compare: without case, marks, widths, and anything but letters and digits. */
function lettersAndDigits(text: string): string {
  // Long runs of marks take long to be ordered, and are left out anyway.
  const letters = text.replace(/\p{M}/gu, "").normalize("NFKD");
  return letters
    .replace(/[^\p{L}\p{N}]/gu, "")
    .toUpperCase()
    .toLowerCase();
}

/** A list without the messages that contradict a filter which the server was to apply. */
export interface RecheckedList {
  readonly messages: AsyncIterable<Message>;
  /** Where each filter was applied, as far as the list was read. */
  applied(): AppliedFilters;
  /** True when messages were left out: the server does not apply everything that it was sent. */
  isBroken(): boolean;
}

/** Checks messages that the server has filtered: a server that ignores a filter returns messages that visibly contradict it. */
export function recheck(messages: AsyncIterable<Message>, filters: Filters, applied: AppliedFilters): RecheckedList {
  const broken = new Set<FilterName>();
  const hidden = new Set<FilterName>();
  const tests = keysOf(contradictionTests).flatMap((name) =>
    applied[name] === "server" ? [{ name, contradicts: contradictionTests[name](filters) }] : [],
  );
  async function* kept(): AsyncGenerator<Message> {
    for await (const message of messages) {
      let fits = true;
      for (const { name, contradicts } of tests) {
        const wrong = contradicts(message);
        if (wrong === undefined) hidden.add(name);
        if (wrong !== true) continue;
        broken.add(name);
        fits = false;
      }
      if (fits) yield message;
    }
  }
  return {
    messages: tests.length === 0 ? messages : kept(),
    applied: () => ({ ...applied, ...filtersAt(broken, "client"), ...filtersAt(hidden, "server, unchecked") }),
    isBroken: () => broken.size > 0,
  };
}

function filtersAt(names: ReadonlySet<FilterName>, where: Applied): AppliedFilters {
  return Object.fromEntries([...names].map((name) => [name, where]));
}

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  const keys: K[] = [];
  let key: K;
  for (key in record) keys.push(key);
  return keys;
}
