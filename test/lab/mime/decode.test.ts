import { expect, test } from "vitest";
import { decodedBody } from "../../../src/lab/mime/decode.ts";
import { parseEntity } from "../../../src/lab/mime/entity.ts";
import { decodeQuotedPrintable } from "../../../src/lab/mime/transfer-encoding.ts";

const quoted = (text: string) => Buffer.from(decodeQuotedPrintable(Buffer.from(text))).toString("latin1");

test("quoted-printable is decoded, and invalid sequences stay", () => {
  expect(quoted("a=3Db=\r\nc=  \r\nd=e9=E9")).toBe("a=bcd\u00e9\u00e9");
  expect(quoted("100% =zz = x=")).toBe("100% =zz = x");
});

test("base64 with line breaks and odd characters is undone, an 8-bit body stays", () => {
  const body = (encoding: string, text: string) =>
    Buffer.from(decodedBody(parseEntity(Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n\r\n${text}`)))).toString();
  expect(body("BASE64", "aGVs\r\nbG8=\r\n")).toBe("hello");
  expect(body("8bit", "hello\r\n")).toBe("hello\r\n");
});
