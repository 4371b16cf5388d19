import fc from "fast-check";
import { expect, test } from "vitest";
import { AnySplitter } from "../../../src/wire/mime/split-any-format.ts";
import { tnef } from "./tnef.ts";

/** Types and names of what is found, and what is told of it, when it comes in pieces of these sizes. */
function kinds(bytes: Buffer, isMessage: boolean, sizes: readonly number[] = []): string[] {
  const splitter = new AnySplitter(isMessage);
  const found: string[] = [];
  const take = (events: ReturnType<AnySplitter["write"]>) => {
    for (const event of events) {
      if (event.kind === "part") found.push(event.part.type);
      else if (event.kind === "flaw") found.push(event.text);
    }
  };
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    take(splitter.write(bytes.subarray(at, at + size)));
    at += size;
  }
  take(splitter.end());
  return found;
}

const calendar = Buffer.from("\ufeff\r\nbegin:vcalendar\r\nATTACH;ENCODING=BASE64;FMTTYPE=a/b:TVo=\r\n");
const signed = Buffer.from("Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: c/d\r\n\r\nx\r\n--s--");
const sizes = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 20 });

test("the content decides the format, whatever the declared type and the chunks", () => {
  fc.assert(
    fc.property(fc.boolean(), sizes, (isMessage, at) => {
      expect(kinds(tnef([{ title: "x", content: Buffer.from("y") }]), isMessage, at)).toEqual(["text/plain", "application/octet-stream"]);
      expect(kinds(calendar, isMessage, at)).toEqual(["a/b"]);
      expect(kinds(signed, isMessage, at)).toEqual(["c/d"]);
    }),
  );
});

test("content of no known format is a message if one was promised, and is otherwise reported", () => {
  fc.assert(
    fc.property(sizes, (at) => {
      for (const bytes of [Buffer.from("no header at all"), Buffer.alloc(0), Buffer.alloc(300, 1), Buffer.from("begin")]) {
        expect(kinds(bytes, true, at)).toEqual(["text/plain"]);
        expect(kinds(bytes, false, at)).toEqual([expect.stringContaining("does not have the format")]);
      }
    }),
  );
});

test("a message is taken apart while it comes", () => {
  const splitter = new AnySplitter(true);
  expect([...splitter.write(Buffer.from("To: x\r\n\r\nbody and more"))].map(({ kind }) => kind)).toEqual(["head", "part", "bytes"]);
});
