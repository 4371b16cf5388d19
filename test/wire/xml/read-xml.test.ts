import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import {
  attribute,
  bool,
  dateTime,
  elementName,
  integer,
  listOf,
  many,
  nameValues,
  optional,
  qname,
  readXml,
  record,
  replacedCharacters,
  required,
  text,
  within,
} from "../../../src/wire/xml/read-xml.ts";
import { cut, everyByte, failureOf, ns, q, read, readBothWays, root } from "./reading.ts";

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

describe("a document in chunks", () => {
  test("gives the same values cut after every single byte as whole", async () => {
    expect(await readBothWays(sample, messages)).toEqual(sampleValue);
  });

  // exchangelib repairs its stream chunk by chunk: a forbidden reference across a chunk's edge survives.
  test("gives the same values if it is divided at any byte, even inside a character, a reference or a tag", async () => {
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

const samples = join(import.meta.dirname, "../../../../shared/ews-samples");
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
