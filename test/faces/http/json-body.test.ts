import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { deepestInput, mostValues } from "../../../src/catalogue/limits.ts";
import { readBody } from "../../../src/faces/http/body.ts";
import { collectJson, parseBytes, tooLongInput } from "../../../src/faces/http/json-body.ts";
import { admin as key, toys } from "./stage.ts";

/** Sends the head and a beginning of a body that never ends, and gives the reply. */
function begun(path: string, head: readonly string[], beginning: string): Promise<string> {
  const { hostname, port } = new URL(toys.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let reply = "";
    const lines = [`POST ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${key}`, "Content-Type: application/json", ...head];
    socket.on("connect", () => socket.write(`${lines.join("\r\n")}\r\n\r\n${beginning}`));
    socket.on("data", (piece) => {
      reply += piece.toString();
      if (reply.includes("}")) socket.destroy();
    });
    socket.on("close", () => resolve(reply));
    socket.on("error", reject);
  });
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

describe("a body longer than the input limit of its action is refused with 413", () => {
  const refused = /^HTTP\/1\.1 413 [\s\S]*"detail":"The input has more than 262144 bytes\."[\s\S]*"code":"invalid-input"/;

  test("before it arrives, if its length is announced", async () => {
    expect(await begun("/v1/actions/shear-sheep", ["Content-Length: 262145"], "")).toMatch(refused);
  });

  test("while it arrives, if its length is not announced", async () => {
    const piece = chunk(" ".repeat(131_073));
    expect(await begun("/v1/actions/shear-sheep", ["Transfer-Encoding: chunked"], piece + piece)).toMatch(refused);
  });

  test("only above the limit, not at it", async () => {
    const body = `{"mailbox":"farm@example.com"${" ".repeat(262_144 - 30)}}`;
    const { status } = await toys.call("/v1/actions/shear-sheep", { key, body, headers: { "content-type": "application/json" } });
    expect([body.length, status]).toEqual([262_144, 428]);
  });
});

test.each([
  ["nested too deep", `{"names":${"[".repeat(deepestInput)}`, `nested more than ${deepestInput} levels deep`],
  ["with too many values", `{"names":[${"1,".repeat(mostValues)}`, `more than ${mostValues} values`],
])("a body %s is refused while it arrives", async (_name, beginning, said) => {
  const reply = await begun("/v1/actions/shear-sheep", ["Content-Length: 262000"], beginning);
  expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 400 [\\s\\S]*${said}`));
});

describe("a large JSON text", () => {
  const pieces = async function* (bytes: Buffer) {
    for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
  };
  const large = { text: "\u00e4\n".repeat(2_000_000), list: Array.from({ length: 50_000 }, (_, at) => `item ${at}`) };

  test("is parsed while other work continues", async () => {
    const bytes = Buffer.from(JSON.stringify(large));
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const value = await parseBytes(bytes);
    counting = false;
    expect(value).toEqual(large);
    // Parsed on this thread, it is one turn.
    expect(turns).toBeGreaterThan(10);
  });

  test("is read with its hash and its value", async () => {
    const text = JSON.stringify(large);
    const read = await readBody(
      { headers: new Headers({ "content-type": "application/json" }), pieces: pieces(Buffer.from(text)) },
      { maxBytes: 40_000_000, maxInputBytes: 40_000_000, idleMs: 5000 },
    );
    if ("failure" in read) throw read.failure;
    expect(read.input).toEqual(large);
  });

  test.each([
    ["is not JSON", Buffer.from(`{"a":"${"x".repeat(1_000_000)}"`)],
    ["is not UTF-8", Buffer.concat([Buffer.from(`{"a":"${"x".repeat(1_000_000)}`), Buffer.from([0xff]), Buffer.from('"}')])],
  ])("that %s is refused", async (_name, bytes) => {
    expect(await parseBytes(bytes)).toBeUndefined();
  });

  test("is not refused as too deep for brackets and commas in its texts", async () => {
    const text = JSON.stringify({ text: `\\"${"[{,".repeat(200_000)}` });
    const { bytes } = await collectJson(pieces(Buffer.from(text)), tooLongInput(10_000_000), 10_000_000);
    expect(await parseBytes(bytes)).toEqual(JSON.parse(text));
  });
});
