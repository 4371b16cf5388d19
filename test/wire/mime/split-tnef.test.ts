import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCharsets } from "../../../src/wire/mime/charset.ts";
import { fieldIn } from "../../../src/wire/mime/mime-header.ts";
import { parametersOf, parameterText } from "../../../src/wire/mime/mime-parameters.ts";
import type { PartHead } from "../../../src/wire/mime/split-mime.ts";
import { TnefSplitter } from "../../../src/wire/mime/split-tnef.ts";
import { attribute, tnef } from "./tnef.ts";

const decode = await loadCharsets();
const nameOf = ({ fields }: PartHead) => parameterText(parametersOf(fieldIn(fields, "content-disposition") ?? ""), "filename", decode);

/** What TNEF falls into when it comes in pieces of these sizes. */
function split(bytes: Buffer, sizes: readonly number[] = []) {
  const splitter = new TnefSplitter();
  const parts: { part: PartHead; bytes: Buffer }[] = [];
  const flaws: string[] = [];
  const take = (events: ReturnType<TnefSplitter["write"]>) => {
    for (const event of events) {
      const last = parts.at(-1);
      if (event.kind === "part") parts.push({ part: event.part, bytes: Buffer.alloc(0) });
      else if (event.kind === "again" && last) last.part = event.part;
      else if (event.kind === "flaw") flaws.push(event.text);
      else if (event.kind === "bytes" && last) last.bytes = Buffer.concat([last.bytes, event.bytes]);
    }
  };
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    // The memory of a piece is used again for the next.
    const piece = Buffer.from(bytes.subarray(at, at + size));
    take(splitter.write(piece));
    piece.fill(0xff);
    at += size;
  }
  take(splitter.end());
  return { parts: parts.map(({ part, bytes: content }) => [part.type, nameOf(part), content.toString("latin1")]), flaws };
}

const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });

test("files come with their long names and types, an embedded message as TNEF, and the body as text", () => {
  const inner = tnef([{ title: "INNER.TXT", content: Buffer.from("deep") }]);
  const found = split(
    tnef([
      { title: "INVOIC~1.PDF", name: "Invoice – €500.pdf", type: "application/pdf", content: Buffer.from("%PDF") },
      { title: "Pr\u00fcfung.txt", content: Buffer.from("x") },
      { title: "Forwarded", message: inner },
      { title: "empty.bin", content: Buffer.alloc(0) },
    ]),
  );
  expect(found).toEqual({
    parts: [
      ["text/plain", undefined, "the body"],
      ["application/pdf", "Invoice – €500.pdf", "%PDF"],
      ["application/octet-stream", "Prüfung.txt", "x"],
      ["application/ms-tnef", "Forwarded", inner.toString("latin1")],
      ["application/octet-stream", "empty.bin", ""],
    ],
    flaws: [],
  });
});

test("any bytes of any files are given back, however the TNEF is cut", () => {
  const file = fc.record({ title: fc.stringMatching(/^[a-z]{1,8}$/), content: fc.uint8Array({ maxLength: 100 }) });
  fc.assert(
    fc.property(fc.array(file, { maxLength: 4 }), sizes, (files, at) => {
      expect(split(tnef(files), at).parts.slice(1)).toEqual(
        files.map(({ title, content }) => ["application/octet-stream", title, Buffer.from(content).toString("latin1")]),
      );
    }),
  );
});

test("a TNEF file that is cut off or damaged is reported as broken, and its earlier content is returned", () => {
  const whole = tnef([
    { title: "one", content: Buffer.from("first") },
    { title: "two", content: Buffer.from("second") },
  ]);
  const cut = split(whole.subarray(0, whole.length - 60));
  expect(cut.flaws).toEqual([expect.stringContaining("broken")]);
  expect(cut.parts).toContainEqual(["application/octet-stream", "one", "first"]);
  expect(split(Buffer.concat([whole, Buffer.from("something else entirely")])).flaws).toHaveLength(1);
  expect(split(whole.subarray(0, 4)).flaws).toHaveLength(1);
});

test("content without a started attachment, or after a text, is a file of its own", () => {
  const data = (text: string) => attribute(2, 0x0006800f, Buffer.from(text));
  expect(split(Buffer.concat([tnef([]), data("MZ")])).parts).toEqual([
    ["text/plain", undefined, "the body"],
    ["application/octet-stream", undefined, "MZ"],
  ]);
  const begun = [attribute(2, 0x00069002, Buffer.alloc(14)), attribute(2, 0x00018010, Buffer.from("a.exe\0"))];
  const late = attribute(1, 0x0002800c, Buffer.from("late\0"));
  expect(split(Buffer.concat([tnef([]), ...begun, late, data("MZ")])).parts).toEqual([
    ["text/plain", undefined, "the body"],
    ["application/octet-stream", "a.exe", ""],
    ["text/plain", undefined, "late"],
    ["application/octet-stream", undefined, "MZ"],
  ]);
});

test("a name of 8 MB is cut, and costs little", () => {
  const [, [, name] = []] = split(tnef([{ title: "a".repeat(8_000_000), content: Buffer.from("x") }])).parts;
  expect(name).toBe("a".repeat(4096));
});

test("properties of 33 MB, and more than a thousand files, are too-large", () => {
  const head = Buffer.from(attribute(2, 0x00069005, Buffer.alloc(0)));
  head.writeUInt32LE(33 * 1024 * 1024, 5);
  expect(() => split(Buffer.concat([tnef([]), head]))).toThrow(expect.objectContaining({ code: "too-large" }));
  const many = Array.from({ length: 1001 }, () => ({ title: "x", content: Buffer.alloc(1) }));
  expect(() => split(tnef(many))).toThrow(expect.objectContaining({ code: "too-large" }));
});

test("no bytes make the TNEF splitter throw anything else, and chunks make no difference", () => {
  const whole = tnef([{ title: "one", name: "name.txt", type: "text/plain", content: Buffer.from("first") }]);
  const change = fc.array(fc.tuple(fc.integer({ min: 6, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  const outcome = (bytes: Buffer, at: readonly number[]) => {
    try {
      return split(bytes, at);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "too-large" });
      return "too-large";
    }
  };
  fc.assert(
    fc.property(change, sizes, (changes, at) => {
      const bytes = Buffer.from(whole);
      for (const [place, value] of changes) bytes[place] = value;
      expect(outcome(bytes, at)).toEqual(outcome(bytes, []));
    }),
    { numRuns: 500 },
  );
});
