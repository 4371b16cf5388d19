import { describe, expect, test } from "vitest";
import { beginsAsMessage } from "../../../src/wire/mime/check-message-start.ts";

async function* coming(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of beginsAsMessage(coming(text, size))) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces).toString("latin1");
}

describe.each([1, 7, 4096])("in pieces of %i bytes", (size) => {
  test.each(["Received: from a\r\n\r\nx", "X-Odd/Name_1 : x\r\n\r\n", "BEGIN:VCARD\r\nEND:VCARD\r\n"])(
    "%j begins as a message and is given whole",
    async (text) => {
      expect(await read(text, size)).toBe(text);
    },
  );

  test.each([
    "",
    "<!DOCTYPE html><html><body>Sign in: here</body></html>",
    "<a:b>",
    '{"error":{"code":"x"}}',
    '[{"a":1}]',
    "Access denied: call the help desk",
    "\r\nSubject: behind an empty line",
    "x".repeat(5000),
  ])("%j does not begin as a message", async (text) => {
    await expect(read(text, size)).rejects.toMatchObject({ code: "broken-reply" });
  });
});
