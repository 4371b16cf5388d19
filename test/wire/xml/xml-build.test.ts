import { describe, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { type Limits, readXmlStream } from "../../../src/wire/xml/read-xml.ts";
import { bytesOf, cut, everyByte, failureOf, ns, one, oneText, q, root } from "./reading.ts";

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

  test("gives an empty content for an empty element, and none for a missing one", async () => {
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
    ["a second content", root("<Content>QUJD</Content><Content>QUJD</Content><Text>a</Text>")],
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

  test("gives the value even if the content is not read", async () => {
    const streamed = await readXmlStream(cut(Buffer.from(withContent(base64))), q("Root"), oneText, [q("Content")]);
    expect(await streamed.value()).toEqual(expected.value);
  });

  test("ends the source if the content is not read to its end, and reports it when the value is read", async () => {
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
