import fc from "fast-check";
import { expect, test } from "vitest";
import { el, esc, parseXml, textEl, XmlError, XmlReader } from "../../src/lab/xml.ts";

test("elements are known by namespace, whatever the prefix, and undeclared ones are in none", () => {
  const root = parseXml(`<a:x xmlns:a="urn:1" xmlns="urn:2"><y/><z xmlns=""/></a:x>`);
  expect([root.ns, root.child("y")?.ns, root.child("z")?.ns]).toEqual(["urn:1", "urn:2", ""]);
});

test("attributes are distinguished by namespace, and declarations are not attributes", () => {
  const root = parseXml(
    `<x xmlns="urn:1" xmlns:a="urn:a" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="1" a:id="2" xml:lang="en" xsi:type="t"/>`,
  );
  expect([...root.attributes]).toEqual([
    ["id", "1"],
    ["{urn:a}id", "2"],
    ["xml:lang", "en"],
    ["xsi:type", "t"],
  ]);
});

test("text is that of the element alone, with references and CDATA resolved", () => {
  const root = parseXml("<x>a&amp;<y>inner</y><![CDATA[<b>]]>&#x41;</x>");
  expect(root.text).toBe("a&<b>A");
});

test("names that every object has are names like others", () => {
  const root = parseXml(`<__proto__ constructor="1"><toString>x</toString></__proto__>`);
  expect([root.name, root.attributes.get("constructor"), root.textAt("toString"), root.child("constructor")]).toEqual([
    "__proto__",
    "1",
    "x",
    undefined,
  ]);
});

test("lines and columns are those of the text", () => {
  const child = parseXml("<a>\n  <b/></a>").child("b");
  expect([child?.line, child?.column]).toEqual([2, 7]);
});

test.each([
  ["a document type", "<!DOCTYPE a><a/>"],
  ["an undeclared entity", "<a>&b;</a>"],
  ["an undeclared prefix", "<b:a/>"],
  ["a second root", "<a/><a/>"],
  ["a forbidden character", "<a>\u0001</a>"],
  ["a reference to a forbidden character", "<a>&#0;</a>"],
  ["the same attribute twice", `<a b="1" b="2"/>`],
  ["an end that is missing", "<a><b></a>"],
  ["nothing", ""],
])("%s is refused", (_, text) => {
  expect(() => parseXml(text)).toThrow(XmlError);
});

test("an error names the elements that were open", () => {
  try {
    parseXml("<a><b><c></b>");
    expect.unreachable();
  } catch (error) {
    expect(error instanceof XmlError ? error.openElements.map(({ name }) => name) : error).toContain("b");
  }
});

test("written XML is read back in any chunks, with only characters replaced that XML cannot carry", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(text, text, fc.nat(200), (content, attribute, cut) => {
      const written = el("x", { a: attribute }, textEl("y", content));
      const reader = new XmlReader();
      reader.write(written.slice(0, cut));
      reader.write(written.slice(cut));
      const root = reader.end();
      const carried = (value: string): string => value.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
      expect(root.child("y")?.text).toBe(carried(content));
      // White space in an attribute is read as a blank each.
      expect(root.attributes.get("a")).toBe(carried(attribute).replace(/[\t\n]/g, " "));
    }),
  );
});

test("markup is escaped, an undefined attribute and an undefined child are left out", () => {
  expect(el("a", { b: `"<`, c: undefined, d: false }, undefined, esc("<&>"))).toBe(`<a b="&quot;&lt;" d="false">&lt;&amp;&gt;</a>`);
  expect(el("a")).toBe("<a/>");
  expect(textEl("a", undefined)).toBe("");
});
