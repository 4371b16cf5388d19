import { brokenShapeText, deepestInput, mostValues, tooManyBytesText } from "../../catalogue/limits.ts";
import { splitCallHint } from "../../catalogue/read-input.ts";
import { errorCode, Failure } from "../../failure.ts";
import { readRegularOrPipe } from "../../files/regular-file.ts";
import { openShapeCheck } from "../../text/json-shape.ts";

/** Where a JSON text comes from, and how much of it is read. */
interface JsonSource {
  /** The flag that named it, for failures. */
  readonly flag: string;
  /** `-`: standard input. */
  readonly path: string;
  readonly stdin: AsyncIterable<unknown>;
  readonly mostBytes: number;
  /** Maximum number of members and items, at any depth. */
  readonly mostValues: number;
  /** The hint of a text with too many bytes. */
  readonly tooLargeHint: string;
}

/**
 * The JSON object of a file or a pipe, or of standard input when the path is `-`.
 * @throws Failure `invalid-input`
 */
export async function readJson(path: string, stdin: AsyncIterable<unknown>, mostBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText({ flag: "--input", path, stdin, mostBytes, mostValues, tooLargeHint: splitCallHint });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new Failure("invalid-input", `--input ${path}: this is not JSON.`, { cause: thrown });
  }
  if (isObject(value)) return value;
  throw new Failure("invalid-input", `--input ${path}: put one JSON object, such as {"mailbox": "soc@example.com"}.`);
}

/**
 * Returns the text of a file, a pipe or standard input, without a byte order mark. Stops at the chunk that exceeds a limit: a device returns bytes without
 * end.
 * @throws Failure `invalid-input`
 */
export async function readText({ flag, path, stdin, mostBytes, mostValues, tooLargeHint }: JsonSource): Promise<string> {
  const stream = path === "-" ? stdin : readRegularOrPipe(path);
  const chunks: Uint8Array[] = [];
  const shape = openShapeCheck({ depth: deepestInput, values: mostValues });
  let size = 0;
  try {
    for await (const piece of stream) {
      const chunk = piece instanceof Uint8Array ? piece : Buffer.from(String(piece));
      size += chunk.byteLength;
      if (size > mostBytes) throw new Failure("invalid-input", `${flag} ${path}: ${tooManyBytesText(mostBytes)}`, { hint: tooLargeHint });
      const broken = shape.feed(chunk);
      if (broken !== undefined) throw new Failure("invalid-input", `${flag} ${path}: ${brokenShapeText(broken, mostValues)}`);
      chunks.push(chunk);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure("invalid-input", `${flag} ${path}: ${reason(thrown)}.`, { cause: thrown });
  }
}

/** Returns whether a value of JSON is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function reason(thrown: unknown): string {
  if (thrown instanceof TypeError) return "it is not UTF-8";
  const code = errorCode(thrown) ?? "unknown";
  if (code === "not a regular file") return "it is neither a regular file nor a pipe; put - to read standard input";
  return code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
}
