import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCharsets } from "../../../src/wire/mime/charset.ts";
import { parametersOf, parameterText } from "../../../src/wire/mime/mime-parameters.ts";

const decode = await loadCharsets();
const name = (value: string) => parameterText(parametersOf(value), "name", decode);

test.each([
  ['a/b; name="x; \\"y\\".txt"; other=1', 'x; "y".txt'],
  ["a/b; name=plain.txt", "plain.txt"],
  ["a/b; name=two words (1).txt ; x=y", "two words (1).txt"],
  ["a/b; name*=UTF-8''%C3%A9t%C3%A9.txt", "été.txt"],
  ["a/b; name*=windows-1252''%80%96.pdf", "€–.pdf"],
  ["a/b; name*0*=iso-8859-1''%e9; name*1=\"t%e9\"; name*2*=%e9.txt", "ét%e9é.txt"],
  ['a/b; name*0="a"; name*1="b.exe"', "ab.exe"],
  ['a/b; name="=?utf-8?B?w6l0w6kudHh0?="', "été.txt"],
  ['a/b; name="=?windows-1252?Q?Invoice_=96_=80500.pdf?="', "Invoice – €500.pdf"],
  ['a/b; name="first"; name="second"', "first"],
  ['a/b; name="never closed', "never closed"],
  ['a/b; name="never closed; x=y', "never closed"],
  ["a/b (c; name=wrong); name=right", "right"],
  ['"a;name=wrong"; name=right', "right"],
  ["a/b; (a comment) name (b) = right", "right"],
  ["a/b;;; name=x", "x"],
  ["a/b; name", undefined],
  ["a/b; __proto__=x", undefined],
  [`a/b; name="${Buffer.from("é.txt").toString("latin1")}"`, "é.txt"],
])("the name in %j is %j", (value, text) => {
  expect(name(value)).toBe(text);
});

test("no field makes it throw", () => {
  const piece = fc.constantFrom(";", "name", "*", "0", "=", '"', "\\", "(", ")", " ", "%", "92", "''");
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
    fc.string(),
  );
  fc.assert(fc.property(text, (one) => (name(one) ?? "").length >= 0));
});

test.each(["(", " ", "\n(", ";", ';a="', ';a="\\"', "=", ";a", "; (x", '"', '\\"'])(
  "a quarter of a megabyte of %j is read in linear time",
  (piece) => {
    const run = piece.repeat(Math.ceil(256_000 / piece.length));
    const begun = process.cpuUsage().user;
    for (const value of [run, `a/b${run}`, `a/b; name=${run}`, `a/b;${run}=`]) parametersOf(value);
    // Read from each place on to the end it takes minutes.
    expect(process.cpuUsage().user - begun).toBeLessThan(10_000_000);
  },
);
