import { createReadStream } from "node:fs";
import { errorCode, Failure } from "../failure.ts";

/**
 * The JSON object of a file, or of standard input when the path is `-`.
 * @throws Failure `invalid-input`
 */
export async function readJson(path: string, stdin: AsyncIterable<unknown>): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(path === "-" ? stdin : createReadStream(path), path);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (thrown) {
    throw new Failure("invalid-input", `--input ${path}: this is not JSON.`, { cause: thrown });
  }
  if (isObject(value)) return value;
  throw new Failure("invalid-input", `--input ${path}: put one JSON object, such as {"mailbox": "soc@example.com"}.`);
}

async function readText(stream: AsyncIterable<unknown>, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (thrown) {
    throw new Failure("invalid-input", `--input ${path}: ${reason(thrown)}.`, { cause: thrown });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reason(thrown: unknown): string {
  if (thrown instanceof TypeError) return "it is not UTF-8";
  const code = errorCode(thrown) ?? "unknown";
  return code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
}
