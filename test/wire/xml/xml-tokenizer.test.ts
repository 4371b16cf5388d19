import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import {
  attribute,
  bool,
  dateTime,
  integer,
  listOf,
  many,
  nameValues,
  optional,
  ownText,
  qname,
  readXml,
  readXmlStream,
  record,
  replacedCharacters,
  text,
  within,
} from "../../../src/wire/xml/read-xml.ts";
import type { AttributeList } from "../../../src/wire/xml/xml-attributes.ts";
import type { Name } from "../../../src/wire/xml/xml-name.ts";
import { type TokenHandler, Tokenizer } from "../../../src/wire/xml/xml-tokenizer.ts";

const attributeNames = ["a", "b.c", "p:a", "q:a", "Größe"];

type Event =
  | { readonly open: string; readonly attributes: Readonly<Record<string, string>> }
  | { readonly text: string }
  | { readonly close: true };

/** What a document holds as a list of events; a text in one piece however it came. */
class Recorder implements TokenHandler<Recorder> {
  readonly events: Event[] = [];
  readonly wantsText = true;
  readonly binary = false;
  readonly #takesLeaves: boolean;
  #text = "";

  constructor(takesLeaves: boolean) {
    this.#takesLeaves = takesLeaves;
  }

  open(name: Name, attributes: AttributeList): void {
    this.flush();
    const found = attributeNames.flatMap((attribute) => {
      const value = attributes.get(attribute);
      return value === undefined ? [] : [[attribute, value]];
    });
    this.events.push({ open: `${name.ns} ${name.local}`, attributes: Object.fromEntries(found) });
  }

  text(piece: string): void {
    this.#text += piece;
  }

  bytes(): void {
    throw new Error("There is no Base64 here.");
  }

  close(): void {
    this.flush();
    this.events.push({ close: true });
  }

  leaf(): Recorder | "open" {
    return this.#takesLeaves ? this : "open";
  }

  fill(target: Recorder, name: Name, whole: string): void {
    target.flush();
    target.events.push({ open: `${name.ns} ${name.local}`, attributes: {} });
    target.text(whole);
    target.close();
  }

  flush(): void {
    if (this.#text !== "") this.events.push({ text: this.#text });
    this.#text = "";
  }
}

function ours(document: string, size: number, takesLeaves: boolean): { events: Event[]; replaced: number } {
  const counter = { replaced: 0, beforeTag: 0 };
  const recorder = new Recorder(takesLeaves);
  const tokenizer = new Tokenizer(recorder, counter, { maxDepth: 200, maxAttributes: 256, leastBytes: 1, dropsRest: false });
  const bytes = Buffer.from(document);
  for (let at = 0; at < bytes.length; at += size) tokenizer.write(bytes.subarray(at, at + size));
  tokenizer.end();
  return { events: recorder.events, replaced: counter.replaced };
}

function theirs(document: string): Event[] {
  const recorder = new Recorder(false);
  const parser = new SaxesParser({ xmlns: true });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    recorder.flush();
    const found = Object.values(tag.attributes).flatMap(({ name, value }) => (attributeNames.includes(name) ? [[name, value]] : []));
    recorder.events.push({ open: `${tag.uri} ${tag.local}`, attributes: Object.fromEntries(found) });
  });
  parser.on("text", (piece) => {
    if (recorder.events.length > 0) recorder.text(piece);
  });
  parser.on("cdata", (piece) => recorder.text(piece));
  parser.on("closetag", () => recorder.close());
  parser.write(document).close();
  return recorder.events;
}

// A small writer of its own: what it writes is well-formed by construction, in as many spellings as XML has.
const legal = fc.stringMatching(/^[ -~\t\n\r\x7F-\x9F\u00E4\u20AC\u{1F600}\uFFFD\]&<>"']{0,12}$/u);
const space = fc.constantFrom(" ", "\n", "\t ", "\r\n");
const perhapsSpace = fc.constantFrom("", "", " ", "\n\t");
const spelling = fc.constantFrom("named", "decimal", "hexadecimal");

function referred(character: string, how: string): string {
  const named: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  const code = character.codePointAt(0) ?? 0;
  if (how === "named" && named[character] !== undefined) return named[character];
  return how === "decimal" ? `&#${code};` : `&#x00${code.toString(16)};`;
}

const textPiece = fc
  .tuple(legal, spelling, fc.boolean())
  .map(([value, how, all]) => [...value].map((c) => (all || "&<>".includes(c) ? referred(c, how) : c)).join(""));
const piece = fc.oneof(
  { weight: 5, arbitrary: textPiece },
  { weight: 1, arbitrary: legal.map((value) => `<![CDATA[${value.replaceAll("]]>", "")}]]>`) },
  { weight: 1, arbitrary: legal.map((value) => `<!--${value.replaceAll("-", "")}-->`) },
  { weight: 1, arbitrary: legal.map((value) => `<?target ${value.replaceAll("?", "")}?>`) },
);
const attributeText = fc
  .tuple(legal, spelling, fc.constantFrom('"', "'"), space, perhapsSpace)
  .map(([value, how, quote, before, around]) => {
    const written = [...value].map((c) => ("&<".includes(c) || c === quote ? referred(c, how) : c)).join("");
    return { before, after: `${around}=${around}${quote}${written}${quote}` };
  });
const attributes = fc
  .tuple(fc.subarray(attributeNames), fc.array(attributeText, { minLength: 5, maxLength: 5 }))
  .map(([names, values]) => names.map((name, i) => `${values[i]?.before}${name}${values[i]?.after}`).join(""));
const names = fc.constantFrom("a", "ab", "p:a", "q:ab", "Größe", "__proto__", "constructor", "p:xy");
const declarations = fc.constantFrom("", "", "", ' xmlns="urn:d"', ' xmlns=""', " xmlns:p='urn:p2'", '\nxmlns:q="urn:q2" xmlns:z="urn:z"');

const { node } = fc.letrec<{ node: string; child: string }>((tie) => ({
  node: fc
    .tuple(names, declarations, attributes, perhapsSpace, fc.array(tie("child"), { maxLength: 5 }), fc.boolean())
    .map(([name, declared, attrs, end, children, short]) =>
      children.length === 0 && short
        ? `<${name}${declared}${attrs}${end}/>`
        : `<${name}${declared}${attrs}${end}>${children.join("")}</${name}${end}>`,
    ),
  child: fc.oneof({ maxDepth: 4, withCrossShrink: true }, piece, tie("node"), tie("node")),
}));
const prolog = fc.constantFrom("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>\n<!-- c -->', "<?p?>\r\n");
const document = fc
  .tuple(prolog, node, node)
  .map(([head, first, second]) => `${head}<p:root xmlns:p="urn:p" xmlns:q="urn:q">${first}${second}${first}</p:root>\n`);

describe("Tokenizer", () => {
  test("agrees with saxes on random documents, in any chunks and with or without reading leaves as a whole", () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 1, max: 40 }), (source, size) => {
        const expected = { events: theirs(source), replaced: 0 };
        for (const takesLeaves of [false, true]) {
          expect(ours(source, size, takesLeaves)).toEqual(expected);
          expect(ours(source, 1 << 20, takesLeaves)).toEqual(expected);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("agrees with saxes on whether a damaged document is well-formed, but for the characters that it replaces", () => {
    // Without - and ?: saxes takes some names with them that are none.
    const damages = fc.record({
      where: fc.nat(),
      character: fc.constantFrom(..."<>&;/=\"'!][ :x#\n"),
      how: fc.constantFrom("insert", "delete", "replace"),
    });
    fc.assert(
      fc.property(document, damages, (source, { where, character, how }) => {
        // Not in the XML declaration, of which saxes checks less.
        const from = source.indexOf("<p:root");
        const points = [...source.slice(from)];
        points.splice(where % points.length, how === "insert" ? 0 : 1, ...(how === "delete" ? [] : [character]));
        const damaged = source.slice(0, from) + points.join("");
        const verdict = verdictOf(() => ours(damaged, 7, true).replaced);
        if (verdict !== "replaced") expect(verdict).toBe(verdictOf(() => theirs(damaged) && 0));
      }),
      { numRuns: 1500 },
    );
  });
});

function verdictOf(replacedIn: () => number): "accepted" | "replaced" | "refused" {
  try {
    return replacedIn() === 0 ? "accepted" : "replaced";
  } catch {
    return "refused"; // It is the verdict that is asked for.
  }
}

const ns = "urn:example:t";
const q = (local: string) => qname(ns, local);
const reply = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="urn:example:s"><s:Body><m:R xmlns:m="urn:example:m" xmlns:t="${ns}"><t:Item>
<t:Id Id="AAMk&amp;=" Key='x'/><t:Subject>größe &lt;b&gt; &#x0;– \u{1F600}</t:Subject><t:Size>31000</t:Size><t:At>2026-02-03T04:05:06Z</t:At><t:Read>true</t:Read>
<t:Body Type="HTML"><![CDATA[<p>]]]]><![CDATA[>]]></t:Body><t:Xml><t:Value Name="BackOff">5</t:Value></t:Xml><t:Content>QUJDREVGR0hJSktMTU5P</t:Content></t:Item>
</m:R></s:Body></s:Envelope>`;
const item = record({
  id: optional(q("Id"), attribute("Id")),
  subject: optional(q("Subject"), text),
  size: optional(q("Size"), integer),
  at: optional(q("At"), dateTime),
  read: optional(q("Read"), bool),
  body: many(q("Body"), record({ own: ownText })),
  xml: optional(q("Xml"), nameValues),
  replaced: replacedCharacters,
});
const body = within(qname("urn:example:s", "Body"), within(qname("urn:example:m", "R"), listOf(q("Item"), item)));
const envelope = qname("urn:example:s", "Envelope");

describe("a damaged reply", () => {
  const damage = fc.record({
    from: fc.nat(),
    length: fc.nat({ max: 30 }),
    to: fc.nat(),
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x3c, 0x3e, 0x26, 0x3b, 0x22, 0x2f, 0x5d, 0x00, 0xff)),
    how: fc.constantFrom("cut", "copy", "set", "insert"),
  });

  function damaged(whole: Buffer, steps: readonly { from: number; length: number; to: number; byte: number; how: string }[]): Buffer {
    return steps.reduce((bytes, { from, length, to, byte, how }) => {
      const at = from % (bytes.length + 1);
      const part = bytes.subarray(at, at + length);
      const other = to % (bytes.length + 1);
      if (how === "cut") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      if (how === "copy") return Buffer.concat([bytes.subarray(0, other), part, bytes.subarray(other)]);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(how === "set" ? at + 1 : at)]);
    }, whole);
  }

  async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }

  async function outcome(work: () => Promise<unknown>): Promise<unknown> {
    try {
      return { value: await work() };
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "broken-reply") throw thrown;
      return "broken-reply";
    }
  }

  test("gives a value or a Failure broken-reply and nothing else, and the same however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), async (steps, size) => {
        const bytes = damaged(Buffer.from(reply), steps);
        const whole = await outcome(() => readXml(pieces(bytes, 1 << 20), envelope, body));
        const cut = await outcome(() => readXml(pieces(bytes, size), envelope, body, { gatherBytes: 1 }));
        expect(cut).toEqual(whole);
      }),
      { numRuns: 3000 },
    );
  });

  test("gives the whole content or a Failure broken-reply and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), fc.integer({ min: 1, max: 50 }), async (steps, size) => {
        const bytes = damaged(Buffer.from(reply), steps);
        const read = (cut: number) =>
          outcome(async () => {
            const streamed = await readXmlStream(pieces(bytes, cut), envelope, body, [q("Content")], { gatherBytes: 1 });
            const parts: Uint8Array[] = [];
            for await (const part of streamed.content ?? []) parts.push(part);
            return [Buffer.concat(parts).toString("hex"), await streamed.value()];
          });
        expect(await read(size)).toEqual(await read(1 << 20));
      }),
      { numRuns: 1000 },
    );
  });
});
