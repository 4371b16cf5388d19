import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { OpenedFile } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import { type Form, readForm } from "./form.ts";
import { collectJson, parseBytes, statusOfTooLong, tooLongInput } from "./json-body.ts";
import type { Env } from "./respond.ts";

/** The parsed body of a request. */
export interface CallRequest {
  readonly input: Readonly<Record<string, unknown>>;
  /** SHA-256 (hexadecimal) of the body: equal for the same bytes of the input and the same files, whatever is between them. */
  readonly fingerprint: string;
  /** Opens a file of the request, by the name of its part. Never opens a file of this machine. */
  readFile(name: string): Promise<OpenedFile>;
  readonly hasFiles: boolean;
  /** Removes the files that came along. */
  close(): Promise<void>;
}

/** Statuses of bodies that were not read, where the failure's own status does not fit. */
export const statusOfBody = { tooSlow: 408, wrongKind: 415 } as const;

export interface BodyLimits {
  readonly maxBytes: number;
  /** Maximum number of bytes of the input, from its action. */
  readonly maxInputBytes: number;
  /** Milliseconds without a byte; also the base time for a whole body, in addition to the time a slow line needs for its bytes. */
  readonly idleMs: number;
}

/** A request, as far as its body goes. */
export interface RequestBody {
  readonly headers: Pick<Headers, "get">;
  readonly pieces: AsyncIterator<Uint8Array>;
}

/** Returns the body as it arrives on the TCP connection: creating a web stream costs more than reading a short body. */
export function requestBodyOf(c: Context<Env>): RequestBody {
  // Keep the connection open for our answer even if the rest of the body is not needed.
  return { headers: c.req.raw.headers, pieces: c.env.incoming.iterator({ destroyOnReturn: false }) };
}

/** A Failure with the status that HTTP has for it. */
export interface BodyFailure {
  readonly failure: Failure;
  readonly status?: number | undefined;
}

/**
 * Reads the body of a request: JSON, or a form with a part `input` (JSON) and files, which go to a temporary folder that `close` removes. Returns
 * `failure` if the body is invalid, after removing everything.
 */
export async function readBody({ headers, pieces: body }: RequestBody, limits: BodyLimits): Promise<CallRequest | BodyFailure> {
  const type = headers.get("content-type") ?? "";
  const announced = Number(headers.get("content-length") ?? "0");
  const isForm = /^multipart\/form-data\s*;/i.test(type);
  const excess = tooLongInput(limits.maxInputBytes);
  if (announced > limits.maxBytes) return { failure: tooLarge(limits.maxBytes) };
  if (!isForm && announced > limits.maxInputBytes) return { failure: excess, status: statusOfTooLong };
  if (/^multipart\//i.test(type) && !isForm) return unsupportedMediaType();
  if (!/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "")) return encodedBody();
  const late = new Failure("timeout", "The body of the request did not arrive in time.", {
    hint: "Send the body without pauses, or in smaller parts.",
  });
  try {
    const pieces = bounded(body, limits, late);
    if (isForm) {
      const form = await readForm(pieces, type, (input) => collectJson(input, excess, limits.maxInputBytes));
      try {
        return await formOf(form);
      } catch (thrown) {
        await form.close();
        throw thrown;
      }
    }
    const { bytes, sha256 } = await collectJson(pieces, excess, limits.maxInputBytes);
    if (bytes.byteLength > 0 && !/^application\/(?:[\w.-]+\+)?json\s*(;|$)/i.test(type)) return unsupportedMediaType();
    return {
      input: bytes.byteLength === 0 ? {} : await objectOf(bytes),
      fingerprint: sha256,
      readFile: () =>
        Promise.reject(new Failure("invalid-input", "attachments: a path names a part of a multipart request, and this one has none.")),
      hasFiles: false,
      close: async () => undefined,
    };
  } catch (thrown) {
    if (thrown === excess) return { failure: excess, status: statusOfTooLong };
    if (thrown === late) return { failure: late, status: statusOfBody.tooSlow };
    if (thrown instanceof Failure) return { failure: thrown };
    // The connection broke: there is nobody to answer.
    return { failure: new Failure("invalid-input", "The body of the request ended early.", { cause: thrown }) };
  }
}

/** Throws Failure `invalid-input` when the form is not one input and the files that it names. */
async function formOf({ parts, close }: Form): Promise<CallRequest> {
  const files = new Map(parts.filter(({ name }) => name !== "input").map((part) => [part.name, part]));
  const hash = createHash("sha256");
  for (const { name, fileName, sha256 } of parts) hash.update(JSON.stringify([name, fileName, sha256]));
  const bytes = parts.find(({ name }) => name === "input")?.bytes;
  if (bytes === undefined) {
    throw new Failure("invalid-input", "The form has no part named input.", { hint: "Put the input into a part named input, as JSON." });
  }
  const input = await objectOf(bytes);
  // A file that the input does not name would be missing from the message, although the caller meant to send it.
  const named = files.size === 0 ? "" : namingTexts(input);
  const unnamed = [...files.keys()].find((name) => name.length > longestName || !named.includes(name));
  if (unnamed !== undefined) {
    throw new Failure("invalid-input", `Nothing in the input names the part ${unnamed.slice(0, 200)} of the form.`, {
      hint: 'Name the part as a path, such as "attachments": [{ "path": "…" }], or leave the part out.',
    });
  }
  return {
    input,
    fingerprint: hash.digest("hex"),
    async readFile(name) {
      const part = files.get(name);
      if (part === undefined) throw new Failure("invalid-input", `attachments: the request has no part named ${name.slice(0, 200)}.`);
      return { name: part.fileName ?? part.name, size: part.size, open: part.open };
    },
    hasFiles: files.size > 0,
    close,
  };
}

const oneObject = 'Send one object such as { "mailbox": "user01@example.com" }.';

/** No system has longer file names. Searching a long text for another long text can take time proportional to the product of their lengths. */
const longestName = 255;
/** Names, paths and types of a hundred files, in UTF-16 units; a longer text is a message body. */
const longestNames = 256 * 1024;

/** Returns the texts of an input that may name files, those of the attachments first: a list of paths may also be one text. */
function namingTexts(input: Readonly<Record<string, unknown>>): string {
  const open: unknown[] = [input, input.attachments];
  const texts: string[] = [];
  let room = longestNames;
  while (open.length > 0 && room > 0) {
    const one = open.pop();
    if (typeof one === "string" && one.length <= longestNames) {
      room -= one.length;
      texts.push(one);
    }
    if (typeof one !== "object" || one === null) continue;
    for (const [name, member] of Object.entries(one)) if (name !== "base64") open.push(member);
  }
  return texts.join("\n");
}

/** Returns a UTF-8 JSON object. Throws Failure `invalid-input`, which never contains the input. */
async function objectOf(bytes: Buffer): Promise<Readonly<Record<string, unknown>>> {
  const value = await parseBytes(bytes);
  if (value === undefined) throw new Failure("invalid-input", "The input is not JSON in UTF-8.", { hint: oneObject });
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Failure("invalid-input", "The input is not a JSON object.", { hint: oneObject });
  return Object.fromEntries(Object.entries(value));
}

function unsupportedMediaType(): BodyFailure {
  const message = "The body is neither application/json nor multipart/form-data.";
  return {
    failure: new Failure("invalid-input", message, { hint: "Set Content-Type to one of them; for JSON: application/json." }),
    status: statusOfBody.wrongKind,
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4 */
function encodedBody(): BodyFailure {
  const failure = new Failure("invalid-input", "The body has a Content-Encoding.", {
    hint: "Send the body uncompressed, without Content-Encoding.",
  });
  return { failure, status: statusOfBody.wrongKind };
}

function tooLarge(maxBytes: number): Failure {
  return new Failure("too-large", `The request has more than ${maxBytes} bytes.`, { hint: "Send less, or raise serve.max_body_mb." });
}

/** Bytes per millisecond: 16 KiB/s, slower than any line used to send messages with attachments. */
const slowestLine = 16.384;

/** The pieces of a body until there are too many, or none comes. */
async function* bounded(body: AsyncIterator<Uint8Array>, { maxBytes, idleMs }: BodyLimits, late: Failure): AsyncGenerator<Uint8Array> {
  let size = 0;
  let whole = false;
  const began = performance.now();
  try {
    for (;;) {
      // A client that sends a byte now and then would occupy a place needed by other callers.
      const left = idleMs + size / slowestLine - (performance.now() - began);
      const { done, value } = await inTime(body.next(), Math.max(0, Math.min(idleMs, left)), late);
      if (done) {
        whole = true;
        return;
      }
      size += value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield value;
    }
  } finally {
    // Not awaited: it ends with the chunk that did not arrive.
    if (!whole) body.return?.().catch(() => undefined);
  }
}

async function inTime<T>(work: Promise<T>, milliseconds: number, late: Failure): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), milliseconds);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
