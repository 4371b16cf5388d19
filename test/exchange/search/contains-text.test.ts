import { describe, expect, test } from "vitest";
import { nameMatcher } from "../../../src/catalogue/which-attachments.ts";
import type { Message } from "../../../src/exchange/message.ts";
import { type ClientFilter, noAttachmentAccess, openMatcher } from "../../../src/exchange/search/match-filters.ts";
import type { Filters } from "../../../src/exchange/search/search-query.ts";

/** How much more a text of sixteen times the length costs: some 16 in proportion, with collected garbage 40; by the square 256. A millisecond is no measure. */
function growth([once = 0, more = 0]: readonly number[]): number {
  return more / Math.max(once, 1000);
}

/** The least CPU time of three runs, in microseconds: what else the machine does counts for nothing. */
async function cost(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const begin = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(begin);
    least = Math.min(least, user + system);
  }
  return least;
}

/** Texts in which a word is nearly found everywhere, by their length. */
const texts: readonly (readonly [name: string, word: string, text: (length: number) => string])[] = [
  ["one letter", `${"a".repeat(999)}b`, (length) => "a".repeat(length)],
  ["a short word of one letter", `${"a".repeat(60)}b`, (length) => "a".repeat(length)],
  ["zero-width characters", `${"a".repeat(999)}b`, (length) => "a\u200b".repeat(length / 2)],
  ["no-break blanks", `${"a ".repeat(499)}b`, (length) => "a\u00a0".repeat(length / 2)],
  ["soft hyphens in a row", `${"a".repeat(999)}b`, (length) => "\u00ad".repeat(length)],
  ["combining marks in a row", `${"a".repeat(999)}b`, (length) => `a${"\u0301\u0323".repeat(length / 2)}`],
  ["letters that change with their case", `${"\u00e4".repeat(999)}b`, (length) => "\u00c4".repeat(length)],
];

const kinds: readonly (readonly [
  name: string,
  filter: (word: string) => Filters,
  names: readonly ClientFilter[],
  message: (text: string) => Message,
])[] = [
  ["a subject that contains", (subject) => ({ subject }), ["subject"], (subject) => ({ itemId: "i", subject })],
  ["a subject that equals", (subject) => ({ subject, subjectMatch: "equals" }), ["subject"], (subject) => ({ itemId: "i", subject })],
  ["a subject that begins with", (subject) => ({ subject, subjectMatch: "prefix" }), ["subject"], (subject) => ({ itemId: "i", subject })],
  ["a sender", (sender) => ({ sender }), ["sender"], (name) => ({ itemId: "i", from: { name } })],
  ["a body", (body) => ({ body }), ["body"], (bodyText) => ({ itemId: "i", bodyText })],
  [
    "an expression",
    (bodyRegex) => ({ bodyRegex: `(${bodyRegex.slice(0, 20)}*)*c` }),
    ["bodyRegex"],
    (bodyText) => ({ itemId: "i", bodyText }),
  ],
];

describe.each(kinds)("%s", (_kind, filter, names, message) => {
  test.each(texts)("takes linear time for a text of %s", async (_name, word, text) => {
    const matches = await openMatcher(filter(word), names, noAttachmentAccess);
    const length = names.includes("bodyRegex") ? 4096 : 32_768;
    const costs: number[] = [];
    for (const times of [1, 16]) {
      const one = message(text(length * times));
      costs.push(await cost(async () => expect(await matches(one)).toBe(false)));
    }
    expect(growth(costs)).toBeLessThan(100);
  });
});

test("a pattern for names of attachments takes linear time", async () => {
  const matches = nameMatcher(`*${"a".repeat(200)}*b`);
  const costs: number[] = [];
  for (const length of [8192, 131_072]) costs.push(await cost(async () => expect(matches("a".repeat(length))).toBe(false)));
  expect(growth(costs)).toBeLessThan(100);
});
