import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundaryOf, partsOf } from "../../../src/faces/http/multipart.ts";

interface Read {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly text: string;
}

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(
  body: string | Buffer,
  type = "multipart/form-data; boundary=X",
  sizes: readonly number[] = [1_000_000],
): Promise<readonly Read[]> {
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  const parts: Read[] = [];
  for await (const { name, fileName, bytes: content } of partsOf(inPieces(bytes, sizes), type)) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(Buffer.from(piece));
    parts.push({ name, fileName, text: Buffer.concat(pieces).toString("latin1") });
  }
  return parts;
}

const part = (head: string, text: string) => `--X\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`;

test("a form written by Node's FormData is read, whatever its bytes and wherever the chunks end", async () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(0x0d, 0x0a, 0x2d, 0x58), fc.integer({ min: 0, max: 255 })), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(bytes, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      async (files, sizes) => {
        const form = new FormData();
        for (const [at, file] of files.entries()) form.append(`file${at}`, new Blob([Uint8Array.from(file)]), `näme "${at}".eml`);
        form.append("input", "{}");
        const request = new Request("http://x", { method: "POST", body: form });
        const type = request.headers.get("content-type") ?? "";
        const parts = await read(Buffer.from(await request.arrayBuffer()), type, sizes);
        const expected = files.map((file, at) => ({
          name: `file${at}`,
          fileName: `näme "${at}".eml`,
          text: Buffer.from(file).toString("latin1"),
        }));
        expect(parts).toEqual([...expected, { name: "input", fileName: undefined, text: "{}" }]);
      },
    ),
    { numRuns: 60 },
  );
});

test("text that only resembles the boundary belongs to the part", async () => {
  for (const text of ["--X", "\r\n--", "\r\n-X", "\n--X\n", "\r--X", "--X--", "\r\n--Y", "\r\n\r\n--"]) {
    for (const size of [1, 2, 3, 5, 100]) {
      const body = `${part('name="a"', text)}--X--\r\n`;
      expect(await read(body, undefined, [size])).toEqual([{ name: "a", fileName: undefined, text }]);
    }
  }
});

test("text before the first part and after the last is ignored", async () => {
  expect(await read(`hello\r\n${part('name="a"', "1")}--X--\r\nbye --X\r\n`)).toEqual([{ name: "a", fileName: undefined, text: "1" }]);
  expect(await read(`${part('name="a"', "1")}--X--`)).toHaveLength(1);
});

test.each([
  ['name="a"; filename="b.eml"', "a", "b.eml"],
  ["name=a; filename=b.eml", "a", "b.eml"],
  ['filename="b.eml"; name="a"', "a", "b.eml"],
  ['NAME="a"; FILENAME="x"', "a", "x"],
  ['name="a"; filename="q%22%0D%0A.eml"', "a", 'q"\r\n.eml'],
  ['name="a"; filename="q\\"x\\\\.eml"', "a", 'q"x\\.eml'],
  ['name="a"; filename="..\\\\..\\\\etc"', "a", "..\\..\\etc"],
  ['name="a;filename=x"', "a;filename=x", undefined],
])("the header %s is read", async (head, name, fileName) => {
  const [found] = await read(`${part(head, "")}--X--\r\n`);
  expect(found).toMatchObject({ name, fileName });
});

describe("the form reader refuses", () => {
  const heads = (count: number) => `--X\r\n${"A: b\r\n".repeat(count)}Content-Disposition: form-data; name="a"\r\n\r\nx\r\n--X--`;
  test.each([
    ["nothing", ""],
    ["a part that does not end", part('name="a"', "1").slice(0, -2)],
    ["a form that does not end", part('name="a"', "1")],
    ["a head that does not end", "--X\r\nContent-Disposition: form-data"],
    ["a part without a name", `${part('filename="a"', "1")}--X--`],
    ["a part with an empty name", `${part('name=""', "1")}--X--`],
    ["text behind a boundary", "--Xy\r\n\r\n--X--"],
    ["a head that is too long", heads(5000)],
    ["a line that is too long", `--X\r\nA: ${"b".repeat(20_000)}\r\n\r\n\r\n--X--`],
    ["too many parts", `${part('name="a"', "1").repeat(101)}--X--`],
  ])("%s", async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: "invalid-input" });
  });

  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary=${"x".repeat(71)}`,
    'multipart/form-data; boundary="a\r\nb"',
    "multipart/form-data; boundary=ä",
  ])("the boundary of %j", (type) => {
    expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

test("a part with a transfer encoding is refused, because nothing would decode it", async () => {
  const written = (encoding: string) =>
    read(`--X\r\nContent-Transfer-Encoding: ${encoding}\r\nContent-Disposition: form-data; name="a"\r\n\r\nh=C3=BC\r\n--X--`);
  for (const encoding of ["quoted-printable", "BASE64", "x-uuencode"]) await expect(written(encoding)).rejects.toThrow(/unencoded/);
  for (const encoding of ["binary", "8bit", "7BIT"]) expect((await written(encoding))[0]?.text).toBe("h=C3=BC");
});

test("no input makes the form reader hang or throw anything but its own failure", async () => {
  const pieces = fc.constantFrom(
    "--X",
    "--X--",
    "\r\n",
    "\n",
    "Content-Disposition: form-data; name=a",
    "\r\n\r\n",
    "x",
    ":",
    '"',
    "\u0000",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), async (all, size) => {
      const outcome = await read(all.join(""), undefined, [size]).catch((thrown: unknown) => thrown);
      expect(Array.isArray(outcome) || (outcome instanceof Error && "code" in outcome && outcome.code === "invalid-input")).toBe(true);
    }),
    { numRuns: 300 },
  );
});
