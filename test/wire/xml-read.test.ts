import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { Failure } from "../../src/failure.ts";
import {
  attribute,
  bool,
  dateTime,
  deferred,
  eachOf,
  elementName,
  fromAttribute,
  integer,
  type Limits,
  listOf,
  many,
  mapped,
  nameValues,
  oneOf,
  optional,
  ownText,
  qname,
  type Reader,
  readXml,
  readXmlStream,
  record,
  replacedCharacters,
  required,
  text,
  within,
} from "../../src/wire/xml-read.ts";

const ns = "urn:example:mail";
const q = (local: string) => qname(ns, local);

async function* cut(bytes: Uint8Array, ...places: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const place of [...places, bytes.length]) {
    // A copy that is wiped: nothing may hold on to a chunk.
    const lent = Uint8Array.from(bytes.subarray(from, place));
    yield lent;
    lent.fill(0x21);
    from = place;
  }
}

function everyByte(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  return cut(bytes, ...Array.from({ length: bytes.length - 1 }, (_, i) => i + 1));
}

function bytesOf(document: string | Uint8Array): Uint8Array {
  return typeof document === "string" ? Buffer.from(document) : document;
}

function read<T>(document: string | Uint8Array, reader: Reader<T>, limits: Limits = {}): Promise<T> {
  return readXml(cut(bytesOf(document)), q("Root"), reader, limits);
}

/** Read whole, and cut after every single byte: both must give the same. */
async function readBothWays<T>(document: string | Uint8Array, reader: Reader<T>): Promise<T> {
  const whole = await read(document, reader);
  expect(await readXml(everyByte(bytesOf(document)), q("Root"), reader, { gatherBytes: 1 })).toEqual(whole);
  return whole;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Failure);
  return thrown instanceof Failure ? thrown : new Failure("internal", "unreachable");
}

async function refused(document: string | Uint8Array, limits: Limits = {}): Promise<void> {
  const reader = record({ text: optional(q("Text"), text) });
  expect((await failureOf(read(document, reader, limits))).code).toBe("broken-reply");
  expect((await failureOf(readXml(everyByte(bytesOf(document)), q("Root"), reader, { gatherBytes: 1, ...limits }))).code).toBe(
    "broken-reply",
  );
}

const root = (inner: string) => `<Root xmlns="${ns}">${inner}</Root>`;
const one = (inner: string) => root(`<Text>${inner}</Text>`);
const oneText = record({ text: required(q("Text"), text), replaced: replacedCharacters });

const person = record({ name: optional(q("Name"), text), address: optional(q("Address"), text) });
const message = record({
  id: optional(q("Id"), attribute("Id")),
  subject: optional(q("Subject"), text),
  size: required(q("Size"), integer),
  isRead: optional(q("IsRead"), bool),
  at: optional(q("At"), dateTime),
  categories: optional(q("Categories"), listOf(q("String"), text)),
  from: optional(q("From"), within(q("Mailbox"), person)),
  to: many(q("To"), person),
  replaced: replacedCharacters,
  element: elementName,
});
const messages = within(q("Items"), listOf([q("Message"), q("Meeting")], message));

const sample = `<?xml version="1.0" encoding="utf-8"?>
<m:Root xmlns:m="${ns}" xmlns:x="urn:example:other"><!-- a comment --><x:Header a='1'><x:Text>not ours</x:Text></x:Header>
<m:Items><m:Message><m:Id Id="A&amp;B&#9;" Key="k"/><m:Subject>größe &lt;b&gt; – \u{1F600} &#x0;</m:Subject><m:Size> 42 </m:Size>
<m:IsRead>true</m:IsRead><m:At>2026-01-01T01:30:00+02:00</m:At><m:Categories><m:String>Red</m:String><m:String/></m:Categories>
<m:From><m:Mailbox><m:Name>Dana</m:Name></m:Mailbox></m:From><m:To><m:Name>One</m:Name></m:To><m:To><m:Address>two@example.com</m:Address></m:To>
</m:Message><m:Meeting x:odd="1"><m:Unknown><m:Size>no number</m:Size></m:Unknown><m:Size>7</m:Size></m:Meeting></m:Items></m:Root>
`;

const sampleValue = [
  {
    id: "A&B\t",
    subject: "größe <b> – \u{1F600} \uFFFD",
    size: 42,
    isRead: true,
    at: "2025-12-31T23:30:00.000Z",
    categories: ["Red", ""],
    from: { name: "Dana", address: undefined },
    to: [
      { name: "One", address: undefined },
      { name: undefined, address: "two@example.com" },
    ],
    replaced: 1,
    element: "Message",
  },
  {
    id: undefined,
    subject: undefined,
    size: 7,
    isRead: undefined,
    at: undefined,
    categories: undefined,
    from: undefined,
    to: [],
    replaced: 0,
    element: "Meeting",
  },
];

describe("a document and the places where it is cut", () => {
  test("gives the same values cut after every single byte as whole", async () => {
    expect(await readBothWays(sample, messages)).toEqual(sampleValue);
  });

  test("gives the same values cut in two at any byte, also inside a character, a reference or a tag", async () => {
    const bytes = Buffer.from(sample);
    for (let at = 1; at < bytes.length; at++) {
      expect(await readXml(cut(bytes, at), q("Root"), messages, { gatherBytes: 1 })).toEqual(sampleValue);
    }
  });

  test("is refused when it ends at any byte before its end", async () => {
    const bytes = Buffer.from(sample);
    const end = bytes.lastIndexOf(">");
    for (let length = 0; length <= end; length++) {
      expect((await failureOf(read(bytes.subarray(0, length), messages))).code).toBe("broken-reply");
    }
    expect(await read(bytes.subarray(0, end + 1), messages)).toEqual(sampleValue);
  });

  test("gives the same whether or not the names come in the order in which they came before", async () => {
    const item = record({ a: optional(q("A"), text), ab: optional(q("AB"), text), b: optional(q("B"), text) });
    const rows = [
      "<A>1</A><AB>2</AB><B>3</B>",
      "<A>4</A><B>5</B>",
      "<AB>6</AB><A>7</A>",
      "<A>8</A><AB k='v'>9</AB><B/>",
      "<A><B>x</B>10</A>",
    ];
    const document = root([...rows, ...rows].map((row) => `<Row>${row}</Row>`).join(""));
    const expected = [
      { a: "1", ab: "2", b: "3" },
      { a: "4", ab: undefined, b: "5" },
      { a: "7", ab: "6", b: undefined },
      { a: "8", ab: "9", b: "" },
      { a: "10", ab: undefined, b: undefined },
    ];
    expect(await readBothWays(document, listOf(q("Row"), item))).toEqual([...expected, ...expected]);
  });
});

describe("readers", () => {
  const values = record({ values: many(q("V"), text) });

  test("keep a text exactly as it is, white space included", async () => {
    expect(await readBothWays(root("<V>  a\t\n b </V><V></V><V/><V> </V>"), values)).toEqual({ values: ["  a\t\n b ", "", "", " "] });
  });

  test.each([
    ["2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000Z"],
    ["2026-01-31T23:59:59Z", "2026-01-31T23:59:59.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2026-02-03T04:05:06", "2026-02-03T04:05:06.000Z"],
    ["2026-02-03T04:05:06.1234567-05:30", "2026-02-03T09:35:06.123Z"],
    [" 2026-02-03T04:05:06.5Z ", "2026-02-03T04:05:06.500Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00.000Z"],
  ])("read the time %s as %s", async (written, expected) => {
    expect(await read(root(`<V>${written}</V>`), within(q("V"), dateTime))).toBe(expected);
  });

  test.each([
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-02-03",
    "2026-02-03T25:00:00Z",
    "",
    "yesterday",
    "2026-02-03T04:05:06+0200",
  ])("refuse %j as a time", async (written) => {
    expect((await failureOf(read(root(`<V>${written}</V>`), within(q("V"), dateTime)))).code).toBe("broken-reply");
  });

  test.each([
    ["0", 0],
    ["-17", -17],
    [" +8 ", 8],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("read the integer %j", async (written, expected) => {
    expect(await read(root(`<V>${written}</V>`), within(q("V"), integer))).toBe(expected);
  });

  test.each(["", "1.5", "0x10", "1e3", "9007199254740992", "12 34", "Infinity"])("refuse %j as an integer", async (written) => {
    const failure = await failureOf(read(root(`<V>${written}</V>`), within(q("V"), integer)));
    expect(failure.code).toBe("broken-reply");
    expect(failure.message).toContain("V");
  });

  test("read true, false, 1 and 0 as booleans and refuse anything else", async () => {
    const list = listOf(q("V"), bool);
    expect(await read(root("<V>true</V><V>false</V><V>1</V><V> 0 </V>"), list)).toEqual([true, false, true, false]);
    for (const wrong of ["", "TRUE", "yes", "2"]) expect((await failureOf(read(root(`<V>${wrong}</V>`), list))).code).toBe("broken-reply");
  });

  test("name the required element that is missing", async () => {
    const failure = await failureOf(read(root("<Items><Message/></Items>"), messages));
    expect(failure.code).toBe("broken-reply");
    expect(failure.message).toContain("Size");
  });

  test("take the first of several where one is expected", async () => {
    expect(await read(root("<Text>first</Text><Text>second</Text>"), oneText)).toMatchObject({ text: "first" });
  });

  test("give an attribute's value, and nothing of the children", async () => {
    const ids = listOf(q("V"), attribute("Id"));
    expect(await readBothWays(root('<V Id="a b"/><V other="1"><Id>no</Id></V><V Id="c"><V Id="d"/></V>'), ids)).toEqual(["a b", "", "c"]);
  });

  test("give a record its own text beside its attributes", async () => {
    const header = record({ name: fromAttribute("Name"), value: ownText, inner: optional(q("Inner"), text) });
    const document = root('<H Name="X-A">a&amp;<!-- c -->b<Inner>i</Inner>c<Other>o</Other>d</H><H/>');
    expect(await readBothWays(document, listOf(q("H"), header))).toEqual([
      { name: "X-A", value: "a&bcd", inner: "i" },
      { name: undefined, value: "", inner: undefined },
    ]);
  });

  test("leave out of a text what elements inside it hold", async () => {
    expect(await readBothWays(one("a<b>c<d>e</d></b>f"), oneText)).toEqual({ text: "af", replaced: 0 });
  });

  test("tell alternatives by their names", async () => {
    const alternatives = { A: text, B: integer };
    expect(await readBothWays(root("<X>0</X><B>1</B><A>2</A>"), oneOf(ns, alternatives))).toEqual({ element: "B", value: 1 });
    expect(await readBothWays(root("<X>0</X><B>1</B><A>2</A>"), eachOf(ns, alternatives))).toEqual([
      { element: "B", value: 1 },
      { element: "A", value: "2" },
    ]);
    expect(await read(root("<X/>"), oneOf(ns, alternatives))).toBeUndefined();
    expect(await read(root("<X/>"), eachOf(ns, alternatives))).toEqual([]);
  });

  test("collect every leaf where there is no schema", async () => {
    const document = root(
      '<Xml><t:Value xmlns:t="urn:t" Name="BackOff">500</t:Value><Deep><Er>a&lt;</Er><Er Name="n"/></Deep></Xml><V>x</V>',
    );
    expect(await readBothWays(document, record({ xml: optional(q("Xml"), nameValues), v: optional(q("V"), text) }))).toEqual({
      xml: [
        { element: "Value", name: "BackOff", text: "500" },
        { element: "Er", name: undefined, text: "a<" },
        { element: "Er", name: "n", text: "" },
      ],
      v: "x",
    });
  });

  test("can hold themselves", async () => {
    interface Tree {
      readonly name: string | undefined;
      readonly children: Tree[];
    }
    const tree: Reader<Tree> = record({
      name: fromAttribute("n"),
      children: many(
        q("T"),
        deferred(() => tree),
      ),
    });
    expect(await readBothWays(root('<T n="a"><T n="b"/><T n="c"><T n="d"/></T></T>'), tree)).toEqual({
      name: undefined,
      children: [
        {
          name: "a",
          children: [
            { name: "b", children: [] },
            { name: "c", children: [{ name: "d", children: [] }] },
          ],
        },
      ],
    });
  });

  test("map what they read, also of a deferred reader and of leaves", async () => {
    const length = mapped(
      deferred(() => text),
      (value) => value.length,
    );
    expect(await read(root("<V>abc</V>"), within(q("V"), length))).toBe(3);
    expect(
      await read(
        root("<V><W/><W/></V>"),
        within(
          q("V"),
          mapped(nameValues, (found) => found.length),
        ),
      ),
    ).toBe(2);
    expect(
      await read(
        root("<V/>"),
        within(
          q("V"),
          mapped(text, () => undefined),
        ),
      ),
    ).toBeUndefined();
  });

  test("give every record all its keys in one order, also for what is missing", async () => {
    const value = await read(root("<Items><Message><Size>1</Size></Message></Items>"), messages);
    expect(Object.keys(value?.[0] ?? {})).toEqual([
      "id",
      "subject",
      "size",
      "isRead",
      "at",
      "categories",
      "from",
      "to",
      "replaced",
      "element",
    ]);
  });
});

describe("names", () => {
  test("go by namespace and never by prefix", async () => {
    const expected = { text: "yes", replaced: 0 };
    expect(await readBothWays(`<a:Root xmlns:a="${ns}"><a:Text>yes</a:Text></a:Root>`, oneText)).toEqual(expected);
    expect(await readBothWays(`<Root xmlns="${ns}"><b:Text xmlns:b="${ns}">yes</b:Text></Root>`, oneText)).toEqual(expected);
    expect(
      await readBothWays(`<a:Root xmlns:a="${ns}"><Text>no</Text><a xmlns="${ns}"/><Text xmlns="${ns}">yes</Text></a:Root>`, oneText),
    ).toEqual(expected);
  });

  test("in another namespace are other names, whatever their prefix", async () => {
    const document = `<t:Root xmlns:t="${ns}"><t:Text xmlns:t="urn:evil">no</t:Text><Text>no</Text><t:Text>yes</t:Text></t:Root>`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "yes" });
  });

  test("lose a default namespace where it is undeclared, and get it back after", async () => {
    const document = `<Root xmlns="${ns}"><x xmlns=""><Text>no</Text></x><Text>yes</Text></Root>`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "yes" });
    const noNamespace = record({ v: optional(qname("", "v"), text) });
    expect(await readBothWays(root('<v>no</v><y xmlns=""><v>x</v></y><v xmlns="">yes</v>'), noNamespace)).toEqual({ v: "yes" });
  });

  test("such as __proto__ and constructor are just unknown elements", async () => {
    const document = root("<__proto__><polluted>1</polluted></__proto__><constructor>x</constructor><toString/><Text>fine</Text>");
    const value = await readBothWays(document, oneText);
    expect(value).toEqual({ text: "fine", replaced: 0 });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("of leaves without a schema are values, never keys", async () => {
    const value = await readBothWays(root("<X><__proto__>p</__proto__></X>"), within(q("X"), nameValues));
    expect(value).toEqual([{ element: "__proto__", name: undefined, text: "p" }]);
  });

  test("may have characters outside ASCII", async () => {
    expect(await readBothWays(root('<Größe 属性="x">1</Größe><Text>a</Text>'), oneText)).toMatchObject({ text: "a" });
    expect(await readBothWays(root("<Größe>1</Größe>"), within(q("Größe"), text))).toBe("1");
  });

  test("of another root are refused", async () => {
    await refused(`<Other xmlns="${ns}"/>`);
    await refused('<Root xmlns="urn:other"/>');
  });
});

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

  test("that are allowed stay and are not counted", async () => {
    const allowed = "\t\n\x7F\x80\x9F\uD7FF\uE000\uFFFD\u{10000}\u{10FFFF}";
    const references = [...allowed].map((character) => `&#x${character.codePointAt(0)?.toString(16)};`).join("");
    expect(await readBothWays(one(allowed + references), oneText)).toEqual({ text: allowed + allowed, replaced: 0 });
    expect(await readBothWays(one("&#13;&#xD;\r"), oneText)).toEqual({ text: "\r\r\n", replaced: 0 });
  });

  test("are counted for the record that holds them, also in what it skips and in its own attributes", async () => {
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
  test("CR LF and CR become LF, in CDATA too, also where a chunk ends between them", async () => {
    expect(await readBothWays(one("a\r\nb\rc\r\r\nd<![CDATA[\r\n\r]]>\r"), oneText)).toMatchObject({ text: "a\nb\nc\n\nd\n\n\n" });
  });

  test("an attribute's white space becomes spaces, unless it was written as a reference", async () => {
    const document = root('<V Id="a\tb\nc\r\nd\re&#9;f&#xA;g&#13;h \'"/>');
    expect(await readBothWays(document, within(q("V"), attribute("Id")))).toBe("a b c d e\tf\ng\rh '");
  });

  test("CDATA is text, taken as it stands", async () => {
    expect(await readBothWays(one("a<![CDATA[<b>&amp;]] ]>]]]]>c<![CDATA[]]>"), oneText)).toMatchObject({ text: "a<b>&amp;]] ]>]]c" });
  });

  test("comments and processing instructions are no text, wherever they stand", async () => {
    const document = `<?xml version='1.0'?><!--x--><?pi a?>\n<Root xmlns="${ns}"><!----><?p?><Text>a<!-- <no> & - --><?php echo "?" ?>b</Text></Root><!-- end --><?z?>\r\n`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "ab" });
  });

  test("white space may stand inside tags", async () => {
    expect(await readBothWays(`<Root\n xmlns = '${ns}'\r\n><Text\t>a</Text \n></Root\t>`, oneText)).toMatchObject({ text: "a" });
  });

  test("a byte order mark is accepted, also in pieces", async () => {
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

describe("what is not well-formed is refused", () => {
  test.each([
    ["nothing", ""],
    ["white space alone", " \n"],
    ["no XML", "Service Unavailable"],
    ["a page of HTML", "<!DOCTYPE html><html><body>Sign in<br></body></html>"],
    ["text before the root", `x${one("a")}`],
    ["text after the root", `${one("a")}x`],
    ["a reference after the root", `${one("a")}&#32;`],
    ["CDATA after the root", `${one("a")}<![CDATA[x]]>`],
    ["a second root", one("a") + one("b")],
    ["interleaved tags", one("<a><b></a></b>")],
    ["an end tag of another name", one("<a></ab>")],
    ["an end tag of another prefix", root(`<x:a xmlns:x="${ns}"></a>`)],
    ["an end tag too many", `${one("a")}</Root>`],
    ["an end tag with an attribute", one('<a></a b="c">')],
    ["an unknown entity", one("&nbsp;")],
    ["an entity without end", one("&amp")],
    ["an entity far without end", one(`&${"a".repeat(100)};`)],
    ["an ampersand alone", one("a & b")],
    ["an empty reference", one("&#;")],
    ["a reference that is no number", one("&#x1G;")],
    ["a decimal reference with hexadecimal digits", one("&#1F;")],
    ["a bad reference in an attribute", root('<a b="&lt"/>')],
    ["a bad reference in what is skipped", root("<skip>&bad;</skip>")],
    ["]]> in a text", one("a]]>b")],
    ["]]> in what is skipped", root("<skip>]]></skip>")],
    ["< in an attribute", root('<a b="<"/>')],
    ["an attribute twice", root('<a b="1" b="2"/>')],
    ["an attribute twice by namespace", root('<a xmlns:x="urn:1" xmlns:y="urn:1" x:b="1" y:b="2"/>')],
    ["an attribute without value", root("<a b/>")],
    ["an attribute without quotes", root("<a b=1/>")],
    ["attributes without space between", root('<a b="1"c="2"/>')],
    ["an attribute without name", root('<a ="1"/>')],
    ["a tag without name", root("< a/>")],
    ["a tag of nothing", root("<></>")],
    ["a tag that begins with a digit", root("<1a/>")],
    ["a tag with a control character", root("<a\x01b/>")],
    ["a name with two colons", root('<x:y:z xmlns:x="urn:1"/>')],
    ["a prefix that is not bound", root("<x:a/>")],
    ["an attribute's prefix that is not bound", root('<a x:b="1"/>')],
    ["a prefix out of its scope", root('<a xmlns:x="urn:1"/><x:b/>')],
    ["a prefix bound to nothing", root('<a xmlns:x=""/>')],
    ["xmlns as a prefix", root('<a xmlns:xmlns="urn:1"/>')],
    ["xml bound to another namespace", root('<a xmlns:xml="urn:1"/>')],
    ["another prefix bound to the namespace of xml", root('<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>')],
    ["a default namespace that is reserved", root('<a xmlns="http://www.w3.org/2000/xmlns/"/>')],
    ["-- in a comment", one("<!-- a -- b -->")],
    ["a comment that ends in --->", one("<!-- a --->")],
    ["a comment without end", `${one("a")}<!-- a`],
    ["a broken comment", one("<!- a -->")],
    ["CDATA without end", `${root("<Text><![CDATA[a")}`],
    ["an instruction called xml", `${one("a")}<?xml version="1.0"?>`],
    ["an instruction called XmL", root("<?XmL a?>")],
    ["an instruction without name", root("<? a?>")],
    ["an XML declaration after white space", ` <?xml version="1.0"?>${one("a")}`],
    ["an XML declaration without version", `<?xml encoding="utf-8"?>${one("a")}`],
    ["an XML declaration of version 2", `<?xml version="2.0"?>${one("a")}`],
    ["another encoding", `<?xml version="1.0" encoding="iso-8859-1"?>${one("a")}`],
    ["UTF-16 by name", `<?xml version="1.0" encoding="utf-16"?>${one("a")}`],
    ["a document type", `<!DOCTYPE Root>${one("a")}`],
    ["an entity that is declared", `<!DOCTYPE Root [<!ENTITY x "expanded">]>${one("&x;")}`],
    ["an entity from outside", `<!DOCTYPE Root [<!ENTITY x SYSTEM "file:///etc/hostname">]>${one("&x;")}`],
    ["a billion laughs", `<!DOCTYPE Root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>${one("&b;")}`],
    ["a declaration inside the root", root('<!ENTITY x "y">')],
  ])("%s", async (_, document) => {
    await refused(document);
  });

  test("UTF-16 with a byte order mark and without", async () => {
    const document = Buffer.from(one("a"), "utf16le");
    await refused(document);
    await refused(Buffer.concat([Buffer.from([0xff, 0xfe]), document]));
    await refused(Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(document).swap16()]));
  });

  test("a failure says nothing of what the document holds", async () => {
    const failure = await failureOf(read(one("secret & more"), oneText));
    expect(failure.message).not.toContain("secret");
  });
});

describe("limits", () => {
  const nested = (depth: number) => root(`${"<a>".repeat(depth - 1)}${"</a>".repeat(depth - 1)}`);

  test("bound the depth", async () => {
    await read(nested(200), oneOf(ns, {}));
    await refused(nested(201));
    await refused(root("<a>b</a>"), { maxDepth: 1 });
    await refused(root("<a>b</a><a>b</a>"), { maxDepth: 1 });
  });

  test("bound the attributes of one element", async () => {
    const attributes = (count: number) => root(`<a ${Array.from({ length: count }, (_, i) => `a${i}="1"`).join(" ")}/>`);
    await read(attributes(256), record({}));
    await refused(attributes(257));
  });

  test("bound one text, however it comes", async () => {
    const limits = { maxTextBytes: 10 };
    expect(await read(one("0123456789"), oneText, limits)).toMatchObject({ text: "0123456789" });
    await refused(one("0123456789a"), limits);
    await refused(one("01234<![CDATA[56789a]]>"), limits);
    await refused(root("<Text>0</Text><Text>0123456789a</Text>"), limits);
    const own = read(root("0123456789a"), record({ own: ownText }), limits);
    expect((await failureOf(own)).code).toBe("broken-reply");
  });

  test("bound the whole document", async () => {
    const document = one("a");
    await read(document, oneText, { maxBytes: document.length });
    await refused(document, { maxBytes: document.length - 1 });
  });

  test("bound one tag", async () => {
    expect((await failureOf(read(root(`<a b="${"x".repeat(300_000)}`), oneText, { gatherBytes: 1 }))).code).toBe("broken-reply");
  });

  test("do not bound how many different names there are", async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `<n${i} a${i}="${i}"/>`).join("");
    expect(await read(root(`${names}<Text>a</Text>`), oneText)).toMatchObject({ text: "a" });
  });
});

describe("readXmlStream", () => {
  const withContent = (content: string) => root(`<Before>1</Before><Deep><Content>${content}</Content></Deep><Text>after &amp;</Text>`);

  async function stream(document: string | Uint8Array, limits: Limits = {}, chunks = cut(bytesOf(document))) {
    const streamed = await readXmlStream(chunks, q("Root"), oneText, [q("Content"), q("Mime")], limits);
    const parts: Uint8Array[] = [];
    if (streamed.content !== undefined) for await (const bytes of streamed.content) parts.push(bytes);
    return { content: streamed.content === undefined ? undefined : Buffer.concat(parts), value: await streamed.value() };
  }

  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7) & 0xff));
  const base64 = bytes.toString("base64");
  const expected = { content: bytes, value: { text: "after &", replaced: 0 } };

  test.each([
    ["in one piece", base64],
    ["in lines", base64.replace(/.{76}/g, "$&\r\n")],
    ["in indented lines", `\n    ${base64.replace(/.{64}/g, "$&\n    ")}\n`],
    ["in lines that end in references", base64.replace(/.{76}/g, "$&&#xD;\n")],
    ["in CDATA", `<![CDATA[${base64}]]>`],
    [
      "in pieces of all kinds",
      `${base64.slice(0, 401)}<!-- c --><![CDATA[${base64.slice(401, 602)}]]><?p i?>&#x${base64.charCodeAt(602).toString(16)};${base64.slice(603)}`,
    ],
  ])("decodes a content %s, however it is cut", async (_, content) => {
    const document = Buffer.from(withContent(content));
    expect(await stream(document)).toEqual(expected);
    expect(await stream(document, { gatherBytes: 1 }, everyByte(document))).toEqual(expected);
    for (let at = 1; at < document.length; at += 13)
      expect(await stream(document, { gatherBytes: 1 }, cut(document, at))).toEqual(expected);
  });

  test("finds the content by namespace, whatever its prefix and attributes", async () => {
    const document = `<z:Root xmlns:z="${ns}"><Content>not this</Content><z:Mime CharacterSet="UTF-8">QUJD</z:Mime><z:Text>a</z:Text></z:Root>`;
    expect(await stream(document)).toEqual({ content: Buffer.from("ABC"), value: { text: "a", replaced: 0 } });
  });

  test("gives an empty content for an empty element, and none where there is none", async () => {
    expect((await stream(withContent(""))).content).toEqual(Buffer.alloc(0));
    expect((await stream(withContent("").replace("<Content></Content>", "<Content/>"))).content).toEqual(Buffer.alloc(0));
    expect(await stream(one("a"))).toEqual({ content: undefined, value: { text: "a", replaced: 0 } });
  });

  test("begins to give the content before the document has ended", async () => {
    const document = Buffer.from(withContent(base64));
    let given = 0;
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < document.length; at += 100) {
        given = at;
        yield document.subarray(at, at + 100);
      }
    }
    const streamed = await readXmlStream(slowly(), q("Root"), oneText, [q("Content")], { gatherBytes: 1 });
    for await (const piece of streamed.content ?? []) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(given).toBeLessThan(document.length / 2);
  });

  test.each([
    ["invalid Base64", withContent(`${base64.slice(0, 100)}*${base64.slice(101)}`)],
    ["an element inside the content", withContent(`${base64.slice(0, 100)}<b/>${base64.slice(100)}`)],
    ["an element with text inside the content", withContent("<b>QUJD</b>")],
    ["an illegal character inside the content", withContent("QUJD&#x0;QUJD")],
    ["a look-alike outside ASCII", withContent("QUJ\u0144")],
    ["a group that is cut off", withContent("QUJDQ")],
    ["a second content", root("<Content>QUJD</Content><Content>QUJD</Content>")],
    ["an end tag that is wrong", withContent("QUJD").replace("</Content>", "</Contents>")],
    ["a missing required element", root("<Content>QUJD</Content>")],
  ])("refuses %s", async (_, document) => {
    expect((await failureOf(stream(document))).code).toBe("broken-reply");
    expect((await failureOf(stream(document, { gatherBytes: 1 }, everyByte(bytesOf(document))))).code).toBe("broken-reply");
  });

  test("never ends the content normally when the document is cut off anywhere", async () => {
    const document = Buffer.from(withContent(base64.slice(0, 200)));
    for (let length = 0; length < document.length; length++) {
      expect((await failureOf(stream(document.subarray(0, length), { gatherBytes: 1 }))).code).toBe("broken-reply");
    }
  });

  test("gives the value also when nobody read the content", async () => {
    const streamed = await readXmlStream(cut(Buffer.from(withContent(base64))), q("Root"), oneText, [q("Content")]);
    expect(await streamed.value()).toEqual(expected.value);
  });

  test("ends the source when the content is not read to its end, and says so when the value is asked for", async () => {
    let ended = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; ; at += 60) yield Buffer.from(withContent(base64.repeat(3))).subarray(at, at + 60);
      } finally {
        ended = true;
      }
    }
    const streamed = await readXmlStream(source(), q("Root"), oneText, [q("Content")], { gatherBytes: 1 });
    for await (const _ of streamed.content ?? []) break;
    expect(ended).toBe(true);
    expect((await failureOf(streamed.value())).code).toBe("cancelled");
  });

  test("passes on a failure of the source, in the content and in the value", async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(withContent(base64)).subarray(0, 300);
      throw new Failure("timeout", "slow");
    }
    const streamed = await readXmlStream(source(), q("Root"), oneText, [q("Content")], { gatherBytes: 1 });
    const reading = async () => {
      for await (const piece of streamed.content ?? []) expect(piece.length).toBeGreaterThan(0);
    };
    expect((await failureOf(reading())).code).toBe("timeout");
    expect((await failureOf(streamed.value())).code).toBe("timeout");
  });
});

const samples = join(import.meta.dirname, "../../../shared/ews-samples");
const hasSamples = existsSync(samples);

describe.skipIf(!hasSamples)(
  `requests and replies of real servers${hasSamples ? "" : " (skipped: ../shared/ews-samples is not here)"}`,
  () => {
    const files = hasSamples ? readdirSync(samples).filter((name) => name.endsWith(".xml")) : [];

    test("are read with the texts that saxes finds in them, however they are cut", async () => {
      let compared = 0;
      for (const file of files) {
        const bytes = readFileSync(join(samples, file));
        const found = saxesLeaves(bytes.toString("utf8").replace(/^\uFEFF/, ""));
        if (found === undefined) continue;
        const rootName = qname(found.ns, found.local);
        expect(await readXml(cut(bytes), rootName, nameValues), file).toEqual(found.leaves);
        expect(await readXml(everyByte(bytes), rootName, nameValues, { gatherBytes: 1 }), file).toEqual(found.leaves);
        compared++;
      }
      expect(compared).toBeGreaterThan(200);
    });

    test("that have an illegal reference are repaired and not refused", async () => {
      const broken = files.filter((file) => saxesLeaves(readFileSync(join(samples, file), "utf8").replace(/^\uFEFF/, "")) === undefined);
      expect(broken.length).toBeGreaterThan(0);
      for (const file of broken) {
        const bytes = readFileSync(join(samples, file));
        const repaired = saxesLeaves(bytes.toString("utf8").replace(/&#x(?:1[0-9A-F]|[0-8BCEF]);/gi, "\uFFFD"));
        expect(repaired, file).toBeDefined();
        expect(await readXml(cut(bytes), qname(repaired?.ns ?? "", repaired?.local ?? ""), nameValues)).toEqual(repaired?.leaves);
      }
    });
  },
);

/** Every element without elements inside, as saxes reads it; undefined when saxes refuses the document. */
function saxesLeaves(document: string) {
  const parser = new SaxesParser({ xmlns: true });
  const leaves: { element: string; name: string | undefined; text: string }[] = [];
  let current: { element: string; name: string | undefined } | undefined;
  let ns = "";
  let local = "";
  let depth = 0;
  let text = "";
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    if (depth++ === 0) [ns, local] = [tag.uri, tag.local];
    else current = { element: tag.local, name: tag.attributes.Name?.value };
    text = "";
  });
  parser.on("text", (piece) => {
    text += piece;
  });
  parser.on("cdata", (piece) => {
    text += piece;
  });
  parser.on("closetag", () => {
    depth--;
    if (current !== undefined) leaves.push({ ...current, text });
    current = undefined;
  });
  try {
    parser.write(document).close();
  } catch {
    return undefined; // It is the verdict that is asked for.
  }
  return { ns, local, leaves };
}
