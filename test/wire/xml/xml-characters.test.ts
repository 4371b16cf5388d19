import { describe, expect, test } from "vitest";
import { attribute, many, optional, record, replacedCharacters, within } from "../../../src/wire/xml/read-xml.ts";
import { ns, one, oneText, q, readBothWays, root } from "./reading.ts";

describe("illegal characters", () => {
  test.each([
    "&#x0;",
    "&#0;",
    "&#x1F;",
    "&#31;",
    "&#x0008;",
    "&#11;",
    "&#xFFFE;",
    "&#65535;",
    "&#xD800;",
    "&#xDFFF;",
    "&#x110000;",
    "&#99999999999999999999;",
  ])("referred to as %s become U+FFFD, are counted, and change nothing after them", async (reference) => {
    const document = one(`a${reference}b &amp; &lt;c&gt;${reference}`);
    expect(await readBothWays(document, oneText)).toEqual({ text: "a\uFFFDb & <c>\uFFFD", replaced: 2 });
  });

  test.each(["\0", "\x01", "\x08", "\x0B", "\x0C", "\x0E", "\x1F", "\uFFFE", "\uFFFF"])(
    "written raw as %j become U+FFFD and are counted",
    async (raw) => {
      expect(await readBothWays(one(`a${raw}b<![CDATA[${raw}]]>`), oneText)).toEqual({ text: "a\uFFFDb\uFFFD", replaced: 2 });
      expect(
        await readBothWays(root(`<V Id="x${raw}&#1;"/>`), record({ v: optional(q("V"), attribute("Id")), n: replacedCharacters })),
      ).toEqual({
        v: "x\uFFFD\uFFFD",
        n: 2,
      });
    },
  );

  // exchangelib's repair of its stream replaces references that XML allows, too.
  test("that are allowed stay and are not counted", async () => {
    const allowed = "\t\n\x7F\x80\x9F\uD7FF\uE000\uFFFD\u{10000}\u{10FFFF}";
    const references = [...allowed].map((character) => `&#x${character.codePointAt(0)?.toString(16)};`).join("");
    expect(await readBothWays(one(allowed + references), oneText)).toEqual({ text: allowed + allowed, replaced: 0 });
    expect(await readBothWays(one("&#13;&#xD;\r"), oneText)).toEqual({ text: "\r\r\n", replaced: 0 });
  });

  test("are counted for their record, in skipped parts and attributes as well", async () => {
    const item = record({ count: replacedCharacters });
    const document = root('<V a="&#1;"><skip>\x01</skip></V><V/><skip>\x02</skip><V><a><b c="\x03">&#4;</b></a></V>');
    expect(await readBothWays(document, record({ all: replacedCharacters, items: many(q("V"), item) }))).toEqual({
      all: 5,
      items: [{ count: 2 }, { count: 0 }, { count: 2 }],
    });
  });

  test.each([
    ["a byte that never occurs", [0xff], 1],
    ["a continuation alone", [0x80], 1],
    ["an overlong form", [0xc0, 0xaf], 2],
    ["a surrogate", [0xed, 0xa0, 0x80], 3],
    ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80], 4],
    ["a sequence that is cut off", [0xe2, 0x82], 1],
    ["a long sequence that is cut off", [0xf0, 0x9f, 0x98], 1],
    ["a sequence cut off by another", [0xe2, 0x82, 0xc3, 0xa4], 1],
  ])("of invalid UTF-8 (%s) become U+FFFD and are counted", async (_, bytes, count) => {
    const whole = Buffer.concat([
      Buffer.from(`<Root xmlns="${ns}"><Text>ä`),
      Buffer.from([...bytes]),
      Buffer.from("€ &amp; z</Text></Root>"),
    ]);
    const expected = new TextDecoder().decode(Buffer.concat([Buffer.from("ä"), Buffer.from([...bytes]), Buffer.from("€ & z")]));
    expect(await readBothWays(whole, oneText)).toEqual({ text: expected, replaced: count });
  });
});

describe("white space, line ends and sections", () => {
  test("CR LF and CR become LF, in CDATA and at the end of a chunk as well", async () => {
    expect(await readBothWays(one("a\r\nb\rc\r\r\nd<![CDATA[\r\n\r]]>\r"), oneText)).toMatchObject({ text: "a\nb\nc\n\nd\n\n\n" });
  });

  test("an attribute's white space becomes spaces, unless it was written as a reference", async () => {
    const document = root('<V Id="a\tb\nc\r\nd\re&#9;f&#xA;g&#13;h \'"/>');
    expect(await readBothWays(document, within(q("V"), attribute("Id")))).toBe("a b c d e\tf\ng\rh '");
  });

  test("CDATA is unchanged text", async () => {
    expect(await readBothWays(one("a<![CDATA[<b>&amp;]] ]>]]]]>c<![CDATA[]]>"), oneText)).toMatchObject({ text: "a<b>&amp;]] ]>]]c" });
  });

  test("comments and processing instructions are no text, wherever they stand", async () => {
    const document = `<?xml version='1.0'?><!--x--><?pi a?>\n<Root xmlns="${ns}"><!----><?p?><Text>a<!-- <no> & - --><?php echo "?" ?>b</Text></Root><!-- end --><?z?>\r\n`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "ab" });
  });

  test("white space may stand inside tags", async () => {
    expect(await readBothWays(`<Root\n xmlns = '${ns}'\r\n><Text\t>a</Text \n></Root\t>`, oneText)).toMatchObject({ text: "a" });
  });

  test("a byte order mark is accepted, even in pieces", async () => {
    expect(await readBothWays(`\uFEFF<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${one("a")}`, oneText)).toMatchObject({
      text: "a",
    });
    expect(await readBothWays(`\uFEFF${one("\uFEFFa")}`, oneText)).toMatchObject({ text: "\uFEFFa" });
    expect(await readBothWays(`<?xml version="1.0" encoding="us-ascii"?>${one("a")}`, oneText)).toMatchObject({ text: "a" });
  });

  test("> and ]] and ]> may stand in a text", async () => {
    expect(await readBothWays(one("a>b]]c]>d]]&gt;"), oneText)).toMatchObject({ text: "a>b]]c]>d]]>" });
  });
});
