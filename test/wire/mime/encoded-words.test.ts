import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCharsets } from "../../../src/wire/mime/charset.ts";
import { decodeWords } from "../../../src/wire/mime/encoded-words.ts";

const decode = await loadCharsets();
const raw = (text: string) => Buffer.from(text).toString("latin1");

test.each([
  ["plain", "plain"],
  [raw("Žluť"), "Žluť"],
  ["=?windows-1252?Q?You=92ve_won_=80500_=96_claim?=", "You’ve won €500 – claim"],
  ["=?utf-8?b?UsOpc3Vtw6k=?=", "Résumé"],
  ["=?utf-8?Q?a?= =?utf-8?Q?b?= c", "ab c"],
  ["=?utf-8?Q?a?=\t=?iso-8859-1?Q?=e9?=", "aé"],
  ["x =?utf-8?Q?a?= y", "x a y"],
  // A character that was cut in two.
  ["=?UTF-8?B?w6nD?= =?utf-8?Q?=A9?=", "éé"],
  ["=?utf-8*fr?Q?=C3=A9?=", "é"],
  ["=?utf-8?Q?a b?=", "a b"],
  ["=?utf-8?Q?Why??=", "Why?"],
  ["=?utf-8?Q??=", ""],
  ["=?utf-7?Q?+AOk-?=", "é"],
  ["=?utf-8?B?broken", "=?utf-8?B?broken"],
  ["=?utf-8?X?a?=", "=?utf-8?X?a?="],
  ["a=?utf-8?Q?b?=c", "abc"],
])("%j is %j", (text, words) => {
  expect(decodeWords(text, decode)).toBe(words);
});

test("no text makes it throw or gives a C1 control character", () => {
  const piece = fc.constantFrom("=?utf-8?Q?", "=?x?B?", "?=", "=?", " ", "\u0092", "=92", "a", "_", "?");
  const text = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, (one) => {
      expect(decodeWords(Buffer.from(one, "latin1").toString("latin1"), decode)).not.toMatch(/[\u0080-\u009f]/);
    }),
  );
});

test.each(["=?utf-8?Q?a", "=?", "?=", "=?a?q?x=?=", " =?utf-8?Q?a?= "])("a quarter of a megabyte of %j is read in linear time", (piece) => {
  const text = piece.repeat(Math.ceil(256_000 / piece.length));
  const begun = process.cpuUsage().user;
  decodeWords(text, decode);
  // Read from each place on to the end it takes minutes.
  expect(process.cpuUsage().user - begun).toBeLessThan(10_000_000);
});
