import { describe, expect, test } from "vitest";
import { oneOf, ownText, record } from "../../../src/wire/xml/read-xml.ts";
import { failureOf, ns, one, oneText, read, refused, root } from "./reading.ts";

describe("XML that is not well-formed is refused", () => {
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

  test("without any text of the document in the failure", async () => {
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

  test("keep the work in proportion to the document, however many namespaces it declares inside each other", async () => {
    const declarations = (depth: number) => Array.from({ length: 200 }, (_, i) => `xmlns:p${depth}.${i}="u"`).join(" ");
    const nest = Array.from({ length: 150 }, (_, depth) => `<a ${declarations(depth)}>`).join("");
    const siblings = '<b xmlns:x="u"/>'.repeat(20_000);
    const document = root(`${nest}${siblings}${"</a>".repeat(150)}<Text>a</Text>`);
    // Were every declaration copied, it would be 600 million.
    expect(await read(document, oneText)).toMatchObject({ text: "a" });
  });

  test("do not bound how many different names there are", async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `<n${i} a${i}="${i}"/>`).join("");
    expect(await read(root(`${names}<Text>a</Text>`), oneText)).toMatchObject({ text: "a" });
  });
});
