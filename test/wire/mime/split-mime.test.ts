import fc from "fast-check";
import { expect, test } from "vitest";
import { MimeSplitter } from "../../../src/wire/mime/split-mime.ts";

interface Found {
  readonly flaws: readonly string[];
  readonly head: string;
  readonly parts: readonly { readonly type: string; readonly within: string | undefined; readonly bytes: string }[];
}

/** What a message falls into when it comes in pieces of these sizes. */
function split(message: string, sizes: readonly number[] = []): Found {
  const splitter = new MimeSplitter();
  const bytes = Buffer.from(message, "latin1");
  let head = "";
  const flaws: string[] = [];
  const parts: { type: string; within: string | undefined; bytes: string }[] = [];
  const take = (events: Iterable<ReturnType<typeof splitter.write> extends Generator<infer E> ? E : never>) => {
    for (const event of events) {
      const last = parts.at(-1);
      if (event.kind === "head") head = event.bytes.toString("latin1");
      else if (event.kind === "part") parts.push({ type: event.part.type, within: event.part.within, bytes: "" });
      else if (event.kind === "flaw") flaws.push(event.text);
      else if (last && event.kind === "bytes") last.bytes += event.bytes.toString("latin1");
    }
  };
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    // The memory of a piece is used again for the next.
    const piece = Buffer.from(bytes.subarray(at, at + size));
    take(splitter.write(piece));
    piece.fill(0x2d);
    at += size;
  }
  take(splitter.end());
  return { head, parts, flaws };
}

const bodies = (found: Found) => found.parts.map(({ bytes }) => bytes);

type Tree = { readonly leaf: string } | { readonly parts: readonly Tree[] };

const hostile = fc.string({
  unit: fc.constantFrom("a", "-", "--", "\r\n", "\n", "--b", "--b1", "--b1--", "\r\n--b", " ", "\r", "=", "\u00ff"),
  maxLength: 12,
});
const tree = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: hostile.map((leaf) => ({ leaf })),
  tree: fc.oneof(
    { maxDepth: 3 },
    tie("leaf"),
    fc.array(tie("tree"), { minLength: 1, maxLength: 4 }).map((parts) => ({ parts })),
  ),
})).tree;

/** A message of these parts; each boundary is one that stands in no leaf. */
function written(root: Tree, number = { next: 0 }, eol = "\r\n"): string {
  if ("leaf" in root) return `Content-Type: application/x${eol}${eol}${root.leaf}`;
  const boundary = `=_${number.next++}_`;
  const parts = root.parts.map((part) => `--${boundary}${eol}${written(part, number, eol)}${eol}`);
  return `Content-Type: multipart/mixed; boundary="${boundary}"${eol}${eol}preamble${eol}${parts.join("")}--${boundary}--${eol}epilogue`;
}

function leaves(root: Tree): string[] {
  return "leaf" in root ? [root.leaf] : root.parts.flatMap(leaves);
}

test("every part has its bytes, however they nest and however the message is cut", () => {
  fc.assert(
    fc.property(tree, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 }), fc.constantFrom("\r\n", "\n"), (root, sizes, eol) => {
      // A carriage return at the end of a part and the line feed behind it are one line end.
      fc.pre(eol === "\r\n" || leaves(root).every((leaf) => !leaf.endsWith("\r")));
      const message = written(root, undefined, eol);
      expect(bodies(split(message, sizes))).toEqual(leaves(root));
      expect(split(message, Array(message.length).fill(1))).toEqual(split(message));
    }),
  );
});

test("whatever comes, it ends, and each piece gives the same as the whole", () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 8 }), fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), (lines, sizes) => {
      const message = `Content-Type: multipart/digest; boundary=b\n\n${lines.join("\n")}`;
      expect(split(message, sizes)).toEqual(split(message));
    }),
  );
});

test("the line end before a boundary is the boundary's, and any other is the part's", () => {
  const message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n\r\n--b\r\n\r\n--b\r\n\r\n--bc\r\n--b \t\r\n\r\nlast";
  expect(bodies(split(message))).toEqual(["one\r\n", "", "--bc", "last"]);
});

test("an attached message is one part, whatever boundaries it has of its own", () => {
  const inner = "Subject: i\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n";
  const found = split(`Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--o--\r\n`);
  expect(found.parts).toEqual([{ type: "message/rfc822", within: "mixed", bytes: inner }]);
});

test("a message that is not a multipart is one part, even without a body, a header or a boundary", () => {
  expect(split("Subject: a\r\n\r\nbody")).toEqual({
    head: "Subject: a\r\n",
    parts: [{ type: "text/plain", within: undefined, bytes: "body" }],
    flaws: [],
  });
  expect(bodies(split("Subject: a"))).toEqual([""]);
  expect(bodies(split(""))).toEqual([""]);
  expect(bodies(split("\r\nbody"))).toEqual(["body"]);
  expect(split("Content-Type: multipart/mixed\r\n\r\n--x").parts).toMatchObject([{ type: "multipart/mixed", bytes: "--x" }]);
});

test("an outer boundary ends inner parts, even unclosed ones and headers", () => {
  const message = [
    "Content-Type: multipart/mixed; boundary=o",
    "",
    "--o",
    "Content-Type: multipart/alternative; boundary=i",
    "",
    "--i",
    "",
    "first",
    "--i",
    "Content-Type: text/html",
    "--o",
    "Content-Type: text/csv",
    "",
    "last",
  ].join("\n");
  expect(split(message).parts).toEqual([
    { type: "text/plain", within: "alternative", bytes: "first" },
    { type: "text/html", within: "alternative", bytes: "" },
    { type: "text/csv", within: "mixed", bytes: "last" },
  ]);
});

test("in a digest a part is a message unless it says otherwise", () => {
  expect(split("Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: a\n--d--").parts).toMatchObject([{ type: "message/rfc822" }]);
});

test.each<[string, () => string]>([
  ["a header without end", () => `Subject: ${"x".repeat(300_000)}`],
  ["many long headers", () => `Content-Type: multipart/mixed; boundary=b\n\n${`--b\nSubject: ${"x".repeat(200_000)}\n\n`.repeat(30)}`],
  ["parts without number", () => `Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\n".repeat(1200)}`],
  [
    "parts within parts without end",
    () => Array.from({ length: 200 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`).join(""),
  ],
])("%s is too-large", (_, message) => {
  expect(() => split(message())).toThrow(expect.objectContaining({ code: "too-large" }));
});

test("of a long part nothing is held back but the few bytes that may begin a boundary", () => {
  const splitter = new MimeSplitter();
  const first = [...splitter.write(Buffer.from("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"))];
  expect(first.map(({ kind }) => kind)).toEqual(["head", "part"]);
  let given = 0;
  for (let times = 0; times < 50; times++)
    for (const event of splitter.write(Buffer.from("--x".repeat(10_000)))) given += event.kind === "bytes" ? event.bytes.length : 0;
  expect(50 * 30_000 - given).toBeLessThanOrEqual(1000);
});

test("a boundary with an unclosed quote is still found, and one that never occurs is reported", () => {
  const message = (boundary: string) => `Content-Type: multipart/mixed;\r\n\tboundary="${boundary}\r\n\r\n--B\r\n\r\none\r\n--B--\r\n`;
  expect(split(message("B"))).toMatchObject({ parts: [{ bytes: "one" }], flaws: [] });
  expect(split(message("B; x=y"))).toMatchObject({ parts: [{ bytes: "one" }], flaws: [] });
  expect(split(message("C"))).toMatchObject({ parts: [], flaws: [expect.stringContaining('"C" never occurs')] });
  const inner = "Content-Type: multipart/mixed; boundary=in\r\n\r\n--wrong\r\n\r\nhidden";
  expect(split(`Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n${inner}\r\n--out\r\n\r\nlast\r\n--out--`)).toMatchObject({
    parts: [{ bytes: "last" }],
    flaws: [expect.stringContaining('"in" never occurs')],
  });
});
