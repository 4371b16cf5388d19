import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCharsets } from "../../../src/wire/mime/charset.ts";
import { addressesOf } from "../../../src/wire/mime/mime-addresses.ts";

const decode = await loadCharsets();
const read = (text: string) => addressesOf(Buffer.from(text).toString("latin1"), decode).map(({ name, address }) => [name, address]);

test.each<[string, (string | undefined)[][]]>([
  ["ann@example.com", [[undefined, "ann@example.com"]]],
  [
    "Ann <ann@example.com>, bob@example.com",
    [
      ["Ann", "ann@example.com"],
      [undefined, "bob@example.com"],
    ],
  ],
  ["Account team ,_<no-reply@mailer.example.org>", [["Account team ,_", "no-reply@mailer.example.org"]]],
  [
    "Smith, Ann <ann@example.com>, Bob <bob@example.com>",
    [
      ["Smith, Ann", "ann@example.com"],
      ["Bob", "bob@example.com"],
    ],
  ],
  ['"Smith, Ann" <ann@example.com>', [["Smith, Ann", "ann@example.com"]]],
  [
    "Bob, ann@example.com",
    [
      ["Bob", undefined],
      [undefined, "ann@example.com"],
    ],
  ],
  ["Team, ", [["Team", undefined]]],
  ["=?utf-8?Q?Smith,_Ann_<x=40y>?= <ann@example.com>", [["Smith, Ann <x@y>", "ann@example.com"]]],
  ["=?utf-8?Q?a@evil.example?= <ann@example.com>", [["a@evil.example", "ann@example.com"]]],
  ["a@evil.example <ann@example.com>", [["a@evil.example", "ann@example.com"]]],
  ["=?windows-1252?Q?=80_shop?= <ann@example.com>", [["€ shop", "ann@example.com"]]],
  [
    "Group: ann@example.com, Bob <bob@example.com>; carl@example.com",
    [
      [undefined, "ann@example.com"],
      ["Bob", "bob@example.com"],
      [undefined, "carl@example.com"],
    ],
  ],
  ["undisclosed-recipients:;", []],
  ["Service: Account <ann@example.com>", [["Service: Account", "ann@example.com"]]],
  ["ann@example.com (Ann (home))", [["Ann (home)", "ann@example.com"]]],
  ["Ann (home) <ann@example.com>", [["Ann", "ann@example.com"]]],
  ['"Ann <ann@example.com>', [['"Ann', "ann@example.com"]]],
  ["(Ann <ann@example.com>", [["(Ann", "ann@example.com"]]],
  ["Ann <ann@example.com", [["Ann", "ann@example.com"]]],
  ['"ann b"@example.com', [[undefined, '"ann b"@example.com']]],
  ["ann @ example.com", [[undefined, "ann@example.com"]]],
  ["<@a.example,@b.example:ann@example.com>", [[undefined, "ann@example.com"]]],
  [
    "<ann@example.com> <bob@example.com>",
    [
      [undefined, "ann@example.com"],
      [undefined, "bob@example.com"],
    ],
  ],
  [
    "ann@example.com; bob@example.com",
    [
      [undefined, "ann@example.com"],
      [undefined, "bob@example.com"],
    ],
  ],
  ["Ann <>", [["Ann", undefined]]],
  ["Žofie <žofie@example.com>", [["Žofie", "žofie@example.com"]]],
  ["Only a name", [["Only a name", undefined]]],
  ["Only today!,(<ann@example.com>)", [["Only today!,", "ann@example.com"]]],
  ['"Ann <ann@example.com>"', [["Ann <ann@example.com>", "ann@example.com"]]],
  ['"Ann <ann@example.com>" <bob@example.com>', [["Ann <ann@example.com>", "bob@example.com"]]],
  ["", []],
  [
    ",,<,>;:",
    [
      [undefined, ","],
      [":", undefined],
    ],
  ],
])("%j names %j", (text, addresses) => {
  expect(read(text)).toEqual(addresses);
});

test("no header makes it throw, and it returns each address in angle brackets", () => {
  const piece = fc.constantFrom("<", ">", "(", ")", '"', ",", ";", ":", "@", "a", " ", "\\", "=?utf-8?Q?", "?=", "_");
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
    fc.string(),
  );
  fc.assert(fc.property(text, (one) => read(one).length >= 0));
  // Whatever words without signs of their own stand before it.
  const word = fc.stringMatching(/^[A-Za-z0-9,._ -]{0,30}$/);
  fc.assert(
    fc.property(word, (name) => {
      expect(read(`${name}<ann@example.com>`).at(-1)?.[1]).toBe("ann@example.com");
    }),
  );
});

test.each(["(", '"', "<", " ", ",", "a,", "a@b,", ":", "=?utf-8?Q?", "(a)", "\\", "a@b ", "<a>", "@"])(
  "a quarter of a megabyte of %j is read in linear time",
  (piece) => {
    const run = piece.repeat(Math.ceil(256_000 / piece.length));
    const begun = process.cpuUsage().user;
    for (const text of [run, `${run}x@y`, `a <${run}`, `${run};`]) addressesOf(text, decode);
    // Read from each place on to the end it takes minutes.
    expect(process.cpuUsage().user - begun).toBeLessThan(20_000_000);
  },
);
