import { expect, test } from "vitest";
import { boundaryOf, fieldIn, fieldsOf, tokenOf } from "../../../src/wire/mime/mime-header.ts";

test("folded lines are one field, other lines are ignored, and the first of two fields is used", () => {
  const fields = fieldsOf(Buffer.from("Content-Type: multipart/mixed;\r\n\tboundary=a\r\nnothing\r\n: empty\nCONTENT-TYPE: text/plain\n"));
  expect(fields.map(({ name }) => name)).toEqual(["content-type", "content-type"]);
  expect(fieldIn(fields, "content-type")).toBe("multipart/mixed;\tboundary=a");
});

test("bytes that are no ASCII stay the bytes that they are", () => {
  const [field] = fieldsOf(Buffer.from([0x78, 0x3a, 0xe4, 0xff]));
  expect(Buffer.from(field?.value ?? "", "latin1")).toEqual(Buffer.from([0xe4, 0xff]));
});

test.each([
  ["multipart/mixed; boundary=abc", "abc"],
  ['multipart/mixed; boundary="a b=c;d"', "a b=c;d"],
  ['multipart/mixed; boundary="a\\"b"', 'a"b'],
  ["multipart/mixed; charset=x; Boundary = abc ; x=y", "abc"],
  ['multipart/mixed; name="; boundary=wrong"; boundary=right', "right"],
  ["multipart/mixed; boundary=first; boundary=second", "first"],
  ['multipart/mixed; boundary=""', undefined],
  ["multipart/mixed", undefined],
])("the boundary of %s is %s", (value, boundary) => {
  expect(boundaryOf(value)).toBe(boundary);
});

test.each([
  ["Base64", "base64"],
  [" (a comment) base64", "base64"],
  ['"base64"', "base64"],
  ["TEXT/Plain; charset=utf-8", "text/plain"],
  ["", undefined],
  [undefined, undefined],
])("the token of %j is %j", (value, token) => {
  expect(tokenOf(value)).toBe(token);
});
