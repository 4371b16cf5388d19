import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { command, quoted, switchOn } from "../../src/setup/powershell.ts";

/** A second reading of PowerShell's rule: which text a verbatim string holds, and what comes after it. */
function verbatim(text: string): { readonly value: string; readonly rest: string } | undefined {
  const isQuote = (at: number) => /['\u2018\u2019\u201a\u201b]/.test(text.charAt(at));
  if (!isQuote(0)) return undefined;
  let value = "";
  for (let at = 1; at < text.length; at++) {
    if (!isQuote(at)) value += text.charAt(at);
    else if (isQuote(at + 1)) {
      at += 1;
      value += text.charAt(at);
    } else return { value, rest: text.slice(at + 1) };
  }
  return undefined;
}

const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc
    .array(fc.constantFrom("'", "\u2018", "\u2019", "\u201a", "\u201b", '"', "`", "$(", ")", ";", "|", "&", "#", "\\", " ", "a"), {
      maxLength: 30,
    })
    .map((parts) => parts.join("")),
);
const carriable = (text: string) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text);

describe("a value for PowerShell", () => {
  test("is one verbatim string of the value, whatever it contains", () => {
    fc.assert(
      fc.property(hostile.filter(carriable), (text) => {
        expect(verbatim(quoted(text))).toEqual({ value: text, rest: "" });
      }),
    );
  });

  test("with a control character or half a surrogate pair is refused", () => {
    for (const bad of ["a\nb", "a\rb", "\u0000", "\u001b[2J", "\u0085", "\u2028", "\ud800"]) expect(() => quoted(bad)).toThrow(RangeError);
  });

  test("stays within its parameter of a command", () => {
    fc.assert(
      fc.property(fc.array(hostile.filter(carriable), { minLength: 1, maxLength: 4 }), (values) => {
        let rest = command("Do-It", { Members: values }).slice("Do-It -Members ".length);
        const read = values.map(() => {
          const found = verbatim(rest);
          rest = found?.rest.replace(/^,/, "") ?? "";
          return found?.value;
        });
        expect(read).toEqual(values);
        expect(rest).toBe("");
      }),
    );
  });
});

test("parameters are written in their order, without undefined ones", () => {
  expect(command("Do-It", { Name: "o'brien", Count: 3, Yes: true, No: undefined, Quick: switchOn, Id: { variable: "$x.Id" } })).toBe(
    "Do-It -Name 'o''brien' -Count 3 -Yes $true -Quick -Id $x.Id",
  );
});
