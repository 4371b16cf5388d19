import fc from "fast-check";
import { expect, test } from "vitest";
import { parseParameters } from "../../../src/lab/mime/parameters.ts";

const name = (text: string) => parseParameters(text, "text/plain").parameters.get("name");

test("a value is in lower case, and a missing one is the default", () => {
  expect(parseParameters(" Text/HTML (comment); charset=x", "text/plain").value).toBe("text/html");
  expect(parseParameters("", "text/plain").value).toBe("text/plain");
});

test("a file name is read in each of the ways that mailers write it", () => {
  expect(name('a/b; name="x; \\"y\\".txt"; other=1')).toBe('x; "y".txt');
  expect(name("a/b; name=plain.txt")).toBe("plain.txt");
  expect(name("a/b; name*=UTF-8''%C3%A9t%C3%A9.txt")).toBe("été.txt");
  expect(name("a/b; name*0*=iso-8859-1''%e9; name*1=\"t%e9\"; name*2*=%e9.txt")).toBe("ét%e9é.txt");
  expect(name('a/b; name="=?utf-8?B?w6l0w6kudHh0?="')).toBe("été.txt");
  expect(name('a/b; name="first"; name="second"')).toBe("first");
  expect(name('a/b; name="never closed')).toBe("never closed");
});

test("names from a prototype are names like others", () => {
  expect(parseParameters("a/b; __proto__=x; constructor=y", "").parameters.get("constructor")).toBe("y");
  expect(parseParameters("a/b", "").parameters.get("constructor")).toBeUndefined();
});

test("a quote that is never closed hides no parameter behind it", () => {
  expect(parseParameters('multipart/mixed; boundary="BB; charset=x', "").parameters).toEqual(
    new Map([
      ["boundary", "BB"],
      ["charset", "x"],
    ]),
  );
});

test("no header makes it throw", () => {
  fc.assert(fc.property(fc.string(), (text) => parseParameters(text, "d").value.length >= 0));
});

// Tried from each of them on, the end of such a run takes minutes.
test.each(["(", " ", "\n("])("half a megabyte of %j in a value and in a parameter is read in one pass", (piece) => {
  const run = piece.repeat(500_000);
  expect(parseParameters(`text/plain${run}x; name=a${run}x`, "text/plain").parameters.get("name")).toBeDefined();
});
