import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { brokenShapeText, deepestInput, mostValues, tooManyBytesText } from "../../catalogue/limits.ts";
import { splitCallHint } from "../../catalogue/read-input.ts";
import { Failure } from "../../failure.ts";
import { openShapeCheck } from "../../text/json-shape.ts";

/** JSON as it came, with its SHA-256 in hexadecimal. */
export interface JsonBytes {
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** The status of a body that is longer than the input of its action may be. */
export const statusOfTooLong = 413;

/** Says that a JSON text is longer than the input of its action may be. */
export function tooLongInput(mostBytes: number): Failure {
  return new Failure("invalid-input", tooManyBytesText(mostBytes), { hint: splitCallHint });
}

/** Collects a JSON text; refuses it at the chunk that makes it too long, too deep or too numerous. Throws Failure `invalid-input`. */
export async function collectJson(pieces: AsyncIterable<Uint8Array>, excess: Failure, mostBytes: number): Promise<JsonBytes> {
  const all: Uint8Array[] = [];
  const shape = openShapeCheck({ depth: deepestInput, values: mostValues });
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of pieces) {
    size += piece.byteLength;
    if (size > mostBytes) throw excess;
    const broken = shape.feed(piece);
    if (broken !== undefined) throw new Failure("invalid-input", brokenShapeText(broken));
    hash.update(piece);
    all.push(piece);
  }
  return { bytes: Buffer.concat(all), sha256: hash.digest("hex") };
}

/** Parsing this many bytes takes a millisecond or two; starting a thread takes about thirty. */
const mostBytesHere = 512 * 1024;

/** Parses JSON in UTF-8; a long text in a thread of its own, so other calls continue. Returns undefined for text that is not JSON in UTF-8. */
export async function parseBytes(bytes: Buffer): Promise<unknown> {
  if (bytes.byteLength > mostBytesHere) return await parseInThread(bytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** As text, since a bundle has no file for it. Like `parseBytes` it posts undefined for text that is not JSON in UTF-8. */
const program = `
const { parentPort, workerData } = require("node:worker_threads");
let value;
try {
  value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(workerData));
} catch {
  // Undefined stands for the failure.
}
parentPort.postMessage(value);
`;

async function parseInThread(bytes: Buffer): Promise<unknown> {
  // Handed over, not copied; a part of a larger buffer is copied first.
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : Buffer.from(Uint8Array.from(bytes).buffer);
  const data = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
  const worker = new Worker(program, { eval: true, workerData: data, transferList: [data.buffer as ArrayBuffer], env: {}, execArgv: [] });
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Failure("internal", "The thread that parsed the body ended early.")));
    });
  } finally {
    await worker.terminate();
  }
}
