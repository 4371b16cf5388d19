import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { sliceLength } from "../../../src/text/slices.ts";
import { type ByteSource, base64Content, type Document, element, xmlDocument, xmlText } from "../../../src/wire/xml/write-xml.ts";
import { turnsDuring } from "../../turns.ts";

/** What a document says to an independent reader: texts and attribute values, in order. */
function readBack(document: string): { texts: string[]; attributes: Record<string, string>[] } {
  const parser = new SaxesParser({ xmlns: true });
  const texts: string[] = [];
  const attributes: Record<string, string>[] = [];
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => attributes.push(Object.fromEntries(Object.values(tag.attributes).map(({ name, value }) => [name, value]))));
  parser.on("text", (text) => texts.push(text));
  parser.write(document).close();
  return { texts, attributes };
}

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
  }
  throw new Error("There is no Failure.");
}

async function allOf(document: Document): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of document.open()) parts.push(part);
  return Buffer.concat(parts);
}

function sourceOf(bytes: Uint8Array, size = bytes.length): ByteSource {
  return {
    size,
    async *open() {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    },
  };
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."&<>\"'\r\n\t]]>a \0\x1F\uFFFE\uD800\uDC00é€", "\u{1F600}") }),
);
const isWritable = (text: string) => !/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text);

describe("element", () => {
  test("carries any text and attribute so that another reader gets it exactly, or refuses it", () => {
    fc.assert(
      fc.property(anyText, anyText, (text, value) => {
        const write = () => xmlText(element("t:A", { "xmlns:t": "urn:t", v: value }, "x", text));
        if (!isWritable(text + value)) {
          // Two halves of one character may meet only in the sum.
          if (!isWritable(text) || !isWritable(value)) expect(failureOf(write).code).toBe("invalid-input");
          return;
        }
        expect(readBack(write())).toEqual({ texts: [`x${text}`], attributes: [{ "xmlns:t": "urn:t", v: value }] });
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["\0", "U+0000"],
    ["\x1F", "U+001F"],
    ["\x0B", "U+000B"],
    ["\uFFFE", "U+FFFE"],
    ["\uD83D", "U+D83D"],
    ["\uDE00", "U+DE00"],
  ])("says of %j which character it is and where, and nothing else of the text", (character, named) => {
    const inText = failureOf(() => element("t:Subject", undefined, `secret${character}text`));
    expect(inText.code).toBe("invalid-input");
    expect(inText.message).toContain(named);
    expect(inText.message).toContain("t:Subject");
    expect(inText.message).not.toContain("secret");
    const inAttribute = failureOf(() => element("t:Constant", { Value: `secret${character}` }));
    expect(inAttribute.message).toContain(named);
    expect(inAttribute.message).toContain("Value");
    expect(inAttribute.message).not.toContain("secret");
  });

  // ews-javascript-api escapes nothing that it writes, by the choice of its maintainer.
  test("keeps a text that resembles XML as text", () => {
    const evil = '"/><t:Delete xmlns:t="urn:t"/><![CDATA[ ]]> &amp; <!-- <a b="';
    expect(readBack(xmlText(element("A", { v: evil }, evil, evil)))).toEqual({ texts: [evil + evil], attributes: [{ v: evil }] });
  });

  test("has elements, lists, numbers and booleans, and leaves out undefined members", () => {
    const written = xmlText(
      element(
        "A",
        { a: 1, b: true, c: undefined },
        undefined,
        element("B"),
        [element("C", {}, 2), undefined, element("D", undefined, false)],
        "e",
      ),
    );
    expect(written).toBe('<A a="1" b="true"><B/><C>2</C><D>false</D>e</A>');
  });

  test("writes an empty text as an empty element", () => {
    expect(xmlText(element("A", undefined, ""))).toBe("<A/>");
  });

  test("refuses numbers that are not finite", () => {
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(failureOf(() => element("A", undefined, number)).code).toBe("invalid-input");
      expect(failureOf(() => element("A", { a: number })).code).toBe("invalid-input");
    }
  });
});

describe("xmlDocument", () => {
  test("knows its size in bytes, whatever the text and the content, and can be opened again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 50 }), async (text, bytes) => {
        fc.pre(isWritable(text));
        const document = await xmlDocument(
          element("A", { v: text }, element("B", undefined, text), element("C", undefined, base64Content(sourceOf(bytes)))),
        );
        const first = await allOf(document);
        expect(first.length).toBe(document.size);
        expect((await allOf(document)).equals(first)).toBe(true);
        expect(first.toString()).toMatch(/^<\?xml version="1\.0" encoding="utf-8"\?><A/);
        expect(first.toString()).toContain(`<C>${Buffer.from(bytes).toString("base64")}</C></A>`);
        readBack(first.toString());
      }),
    );
  });

  test("holds several contents, each in its place", async () => {
    const c = (text: string) => element("C", { n: text }, base64Content(sourceOf(Buffer.from(text))));
    const document = await xmlDocument(element("A", undefined, c("one"), "-", element("D", undefined, c("two"), c("three"))));
    expect((await allOf(document)).toString()).toBe(
      '<?xml version="1.0" encoding="utf-8"?><A><C n="one">b25l</C>-<D><C n="two">dHdv</C><C n="three">dGhyZWU=</C></D></A>',
    );
  });

  test("writes a long text as it writes a short one, in slices", async () => {
    const text = `\r\n<&> \u{1F4E7}`.repeat(100_000);
    const { result: document, turns } = await turnsDuring(() => xmlDocument(element("A", undefined, "x", text, element("B"), text)));
    const short = `<A>x${xmlText(element("C", undefined, "\r\n<&> \u{1F4E7}"))
      .slice(3, -4)
      .repeat(100_000)}`;
    const all = await allOf(document);
    expect(all.toString()).toBe(`<?xml version="1.0" encoding="utf-8"?>${short}<B/>${short.slice(4)}</A>`);
    expect(document.size).toBe(all.length);
    expect(xmlText(element("A", undefined, text))).toBe(`<A>${short.slice(4)}</A>`);
    expect(turns).toBeGreaterThanOrEqual(Math.floor((2 * text.length) / sliceLength));
  });

  test("refuses a long text with a character that XML cannot carry before anything is sent", async () => {
    const refused = await xmlDocument(element("A", undefined, `${"x".repeat(2 * sliceLength)}\u0000`)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: "Failure", code: "invalid-input", message: expect.stringContaining("U+0000") });
  });

  test.each([
    ["fewer", 9],
    ["more", 11],
  ])("fails when a content has %s bytes than was said, so that the server never takes it for whole", async (_, said) => {
    const document = await xmlDocument(element("A", undefined, base64Content(sourceOf(Buffer.alloc(10), said))));
    const thrown = await allOf(document).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "Failure", code: "invalid-input" });
  });
});
