import fc from "fast-check";
import { expect, test } from "vitest";
import { headerValue, parseEntity } from "../../../src/lab/mime/entity.ts";

const parse = (text: string) => parseEntity(Buffer.from(text, "latin1"));
const bodies = (text: string) => parse(text).parts.map(({ body }) => Buffer.from(body).toString("latin1"));

test("headers keep their order and their duplicates, and folded ones become one line", () => {
  const { headers, body } = parse("Received: one\r\nX-A: 1\r\n\tand 2\r\nReceived: two\r\n\r\nBody");
  expect(headers).toEqual([
    { name: "Received", value: "one" },
    { name: "X-A", value: "1\tand 2" },
    { name: "Received", value: "two" },
  ]);
  expect(Buffer.from(body).toString()).toBe("Body");
});

test("a mailbox file's first line, a byte order mark and a broken line in the headers are passed over", () => {
  expect(parse("From a@example.org Mon\nSubject: x\n\nBody").headers).toEqual([{ name: "Subject", value: "x" }]);
  expect(parse("\u00ef\u00bb\u00bfSubject: x\n\nBody").headers).toEqual([{ name: "Subject", value: "x" }]);
  expect(parse("Subject: x\nbroken line\nTo: y\n\nBody").headers).toHaveLength(2);
  expect(Buffer.from(parse("no header at all").body).toString()).toBe("no header at all");
});

test("a header in UTF-8 is read as that, another as Windows-1252", () => {
  expect(headerValue(parseEntity(Buffer.from("Subject: Žluťoučký\n\n")).headers, "subject")).toBe("Žluťoučký");
  expect(headerValue(parse("Subject: \u00e9t\u00e9\n\n").headers, "subject")).toBe("été");
});

test("parts are cut at the boundary lines only, without the line end before them", () => {
  const head = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n';
  expect(bodies(`${head}--b\r\n\r\none\r\n\r\n--b  \r\n\r\n--bee\r\nx --b\r\n--b--\r\nafter`)).toEqual(["one\r\n", "--bee\r\nx --b"]);
  expect(bodies(`${head}--b\r\n\r\nunfinished`)).toEqual(["unfinished"]);
  expect(bodies(`${head}--b\n\nunix\n--b--`)).toEqual(["unix"]);
});

test("a multipart that has no part, or is nested without end, is one part", () => {
  expect(parse('Content-Type: multipart/mixed; boundary="b"\r\n\r\nnothing').parts).toEqual([]);
  let text = "end";
  for (let depth = 60; depth > 0; depth -= 1)
    text = `Content-Type: multipart/mixed; boundary=b${depth}x\r\n\r\n--b${depth}x\r\n${text}\r\n--b${depth}x--\r\n`;
  let depth = 0;
  for (let at = parse(text); at.parts[0]; at = at.parts[0]) depth += 1;
  expect(depth).toBe(32);
});

test("no bytes make it throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => parseEntity(bytes).body.length <= bytes.length));
  const piece = fc.constantFrom("--b", "\r\n", "\n", "Content-Type: multipart/mixed; boundary=b", ":", " ", "--", "x", '"', ";");
  fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => parse(pieces.join("")).parts.length <= 60));
});
