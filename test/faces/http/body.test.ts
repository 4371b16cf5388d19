import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RequestBody, readBody } from "../../../src/faces/http/body.ts";
import { admin as key, toys } from "./stage.ts";

/** What a request carries, as it would come over a connection. */
const sent = ({ headers, body }: Request): RequestBody => ({ headers, pieces: (body ?? new Blob([]).stream())[Symbol.asyncIterator]() });
const limits = { maxBytes: 10_000, maxInputBytes: 20_000_000, idleMs: 5000 };
const leftOver = () => readdirSync(tmpdir()).filter((name) => name.startsWith("mailcordon-files-"));

function form(input: object | undefined, files: Readonly<Record<string, readonly [text: string, name: string]>>): FormData {
  const made = new FormData();
  if (input !== undefined) made.append("input", JSON.stringify(input));
  for (const [name, [text, fileName]] of Object.entries(files)) made.append(name, new Blob([text]), fileName);
  return made;
}

const tell = (body: FormData) => toys.call("/v1/actions/tell-shepherd", { key, body });

test("an input refers to the files of its form, which are removed afterwards", async () => {
  const before = leftOver();
  const input = { text: "files", attachments: [{ path: "one" }, { path: "two" }] };
  const { json } = await tell(form(input, { one: ["first", "a.eml"], two: ["second", "../../b.eml"] }));
  expect(json.results).toMatchObject([{ files: ["a.eml: first (5)", "../../b.eml: second (6)"] }]);
  expect(leftOver()).toEqual(before);
});

test.each([
  [
    "a file that nothing in the input names",
    form({ text: "files" }, { one: ["first", "a.eml"] }),
    "Nothing in the input names the part one of the form.",
  ],
  ["no input", form(undefined, { one: ["first", "a.eml"] }), "The form has no part named input."],
  ["an input that is no object", form([], { one: ["first", "a.eml"] }), "The input is not a JSON object."],
])("a form with %s is refused and leaves no file", async (_, body, detail) => {
  const before = leftOver();
  const { status, json } = await tell(body);
  expect([status, json.code, json.detail]).toEqual([400, "invalid-input", detail]);
  expect(leftOver()).toEqual(before);
});

test("a compressed body is refused with 415", async () => {
  const request = new Request("http://x", {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  expect(await readBody(sent(request), limits)).toMatchObject({ status: 415, failure: { code: "invalid-input" } });
});

test.each(["/etc/passwd", "..", "input", "a.eml", "three"])(
  "a path that is not a part of the request is never opened: %s",
  async (path) => {
    const { status, json } = await tell(form({ text: "x", attachments: [{ path }, { path: "one" }] }, { one: ["first", "a.eml"] }));
    expect([status, json.code ?? JSON.stringify(json.results)]).toEqual([expect.any(Number), expect.stringContaining("invalid-input")]);
  },
);

// Looked for in all of it, such a name takes half a minute.
test("a part whose name cannot be a file's is never searched for in an input of ten megabytes", async () => {
  const name = `${"a".repeat(7000)}b${"a".repeat(7000)}`;
  const body = form({ text: "a".repeat(10_000_000) }, { [name]: ["x", "a.eml"] });
  const read = await readBody(sent(new Request("http://x", { method: "POST", body })), { ...limits, maxBytes: 20_000_000 });
  expect(read).toMatchObject({
    failure: { code: "invalid-input", message: expect.stringMatching(/^Nothing in the input names the part a/) },
  });
});

test("a file is found in an input with long values such as bytes and a message text", async () => {
  const long = "QUFB".repeat(100_000);
  const body = form({ attachments: [{ path: "one" }, { name: "b", base64: long }], text: long }, { one: ["x", "a.eml"] });
  const read = await readBody(sent(new Request("http://x", { method: "POST", body })), { ...limits, maxBytes: 20_000_000 });
  expect("failure" in read).toBe(false);
  if (!("failure" in read)) await read.close();
});

test("the bytes of a file have no name on the disk and can be read more than once", async () => {
  const before = leftOver();
  const request = new Request("http://x", { method: "POST", body: form({ path: "one" }, { one: ["secret words", "a.txt"] }) });
  const asked = await readBody(sent(request), limits);
  if ("failure" in asked) throw asked.failure;
  const made = leftOver().filter((name) => !before.includes(name));
  expect(made.flatMap((name) => readdirSync(join(tmpdir(), name)))).toEqual([]);
  const file = await asked.readFile("one");
  for (const _ of [1, 2]) {
    const pieces: Uint8Array[] = [];
    for await (const piece of file.open()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe("secret words");
  }
  await asked.close();
  expect(leftOver()).toEqual(before);
});

test("a path in a request without a form is never opened", async () => {
  const body = { text: "x", attachments: [{ path: "/etc/passwd" }] };
  const { text } = await toys.call("/v1/actions/tell-shepherd", { key, body });
  expect(text).toContain("invalid-input");
  expect(text).not.toContain("root:");
});

test("a form that is too large leaves no file", async () => {
  const before = leftOver();
  const body = form({}, { one: ["x".repeat(5000), "a"], two: ["y".repeat(8000), "b"] });
  const read = await readBody(sent(new Request("http://x", { method: "POST", body })), limits);
  expect(read).toMatchObject({ failure: { code: "too-large" } });
  expect(leftOver()).toEqual(before);
});

test("a form with two parts of one name is refused and leaves no file", async () => {
  const before = leftOver();
  const body = form({}, { one: ["x", "a"] });
  body.append("one", new Blob(["y"]), "b");
  expect(await readBody(sent(new Request("http://x", { method: "POST", body })), limits)).toMatchObject({
    failure: { code: "invalid-input" },
  });
  expect(leftOver()).toEqual(before);
});

test("the fingerprint depends on the input and the files, not on their form", async () => {
  const print = async (body: FormData) => {
    const read = await readBody(sent(new Request("http://x", { method: "POST", body })), limits);
    if ("failure" in read) throw read.failure;
    await read.close();
    return read.fingerprint;
  };
  // Each has a boundary of its own.
  const first = await print(form({ a: 1, of: "one, two" }, { one: ["text", "a"] }));
  expect(await print(form({ a: 1, of: "one, two" }, { one: ["text", "a"] }))).toBe(first);
  for (const other of [
    form({ a: 2, of: "one, two" }, { one: ["text", "a"] }),
    form({ a: 1, of: "one, two" }, { one: ["texT", "a"] }),
    form({ a: 1, of: "one, two" }, { one: ["text", "b"] }),
    form({ a: 1, of: "one, two" }, { two: ["text", "a"] }),
  ]) {
    expect(await print(other)).not.toBe(first);
  }
});

test("a body that stops arriving is refused with 408", async () => {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('{"a":')),
  });
  const request = new Request("http://x", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
    duplex: "half",
  } as RequestInit);
  expect(await readBody(sent(request), { ...limits, idleMs: 20 })).toMatchObject({ failure: { code: "timeout" }, status: 408 });
});

test("a body that arrives too slowly is refused with 408, however short its pauses", async () => {
  let left = 100;
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      controller.enqueue(Buffer.from(" "));
      left -= 1;
      if (left === 0) controller.close();
    },
  });
  const request = new Request("http://x", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
    duplex: "half",
  } as RequestInit);
  expect(await readBody(sent(request), { ...limits, idleMs: 200 })).toMatchObject({ failure: { code: "timeout" }, status: 408 });
  expect(left).toBeGreaterThan(0);
});

test("a body that breaks off is reported as an error of its sender", async () => {
  const body = new ReadableStream({
    start: (controller) => controller.error(new Error("gone")),
  });
  const request = new Request("http://x", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
    duplex: "half",
  } as RequestInit);
  expect(await readBody(sent(request), limits)).toMatchObject({ failure: { code: "invalid-input" } });
});

test("an empty body is an empty input", async () => {
  expect(await readBody(sent(new Request("http://x", { method: "POST" })), limits)).toMatchObject({ input: {}, hasFiles: false });
});
