import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { OpenedFile } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import { type Form, readForm } from "./form.ts";
import { collectJson, parseBytes, statusOfTooLong, tooLongInput } from "./json-body.ts";
import type { Env } from "./respond.ts";

/** What a request asks, read whole. */
export interface CallRequest {
  readonly input: Readonly<Record<string, unknown>>;
  /** SHA-256 of it, hexadecimal: the same for the same bytes of the input and the same files, whatever lies between them. */
  readonly fingerprint: string;
  /** Opens a file that came along, by the name of its part. Never one of this machine. */
  readFile(name: string): Promise<OpenedFile>;
  readonly hasFiles: boolean;
  /** Removes the files that came along. */
  close(): Promise<void>;
}

/** Why a body was not read, where the status of the failure's code says it wrongly. */
export const statusOfBody = { tooSlow: 408, wrongKind: 415 } as const;

export interface BodyLimits {
  readonly maxBytes: number;
  /** Bytes of the input alone, as its action says. */
  readonly maxInputBytes: number;
  /** Milliseconds without a byte; and what a body may take at all besides the time that a slow line needs for its bytes. */
  readonly idleMs: number;
}

/** A request, as far as its body goes. */
export interface RequestBody {
  readonly headers: Pick<Headers, "get">;
  readonly pieces: AsyncIterator<Uint8Array>;
}

/** The body as it comes over the connection: to make a stream of the web of it costs more than the rest of reading a short one. */
export function requestBodyOf(c: Context<Env>): RequestBody {
  // The connection is still to carry our answer when the rest of a body is not wanted.
  return { headers: c.req.raw.headers, pieces: c.env.incoming.iterator({ destroyOnReturn: false }) };
}

/** A Failure with the status that HTTP has for it. */
export interface BodyFailure {
  readonly failure: Failure;
  readonly status?: number | undefined;
}

/**
 * The body of a request: JSON, or a form with a part `input` (JSON) and files, which go to a temporary folder that `close` removes.
 * Gives `failure` when it is not what it should be, with everything removed.
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
    hint: "Send it without pauses, or in smaller parts.",
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
    throw new Failure("invalid-input", "The form has no part of the name input.", { hint: "Put the input into it, as JSON." });
  }
  const input = await objectOf(bytes);
  // A file that is left out is a mail that goes without it: whoever sent it meant it to go.
  const named = files.size === 0 ? "" : namingTexts(input);
  const unnamed = [...files.keys()].find((name) => name.length > longestName || !named.includes(name));
  if (unnamed !== undefined) {
    throw new Failure("invalid-input", `Nothing in the input names the part ${unnamed.slice(0, 200)} of the form.`, {
      hint: 'Name it as a path, such as "attachments": [{ "path": "…" }], or leave it out.',
    });
  }
  return {
    input,
    fingerprint: hash.digest("hex"),
    async readFile(name) {
      const part = files.get(name);
      if (part === undefined) throw new Failure("invalid-input", `attachments: the request has no part of the name ${name.slice(0, 200)}.`);
      return { name: part.fileName ?? part.name, size: part.size, open: part.open };
    },
    hasFiles: files.size > 0,
    close,
  };
}

const oneObject = 'Send one object such as { "mailbox": "user01@example.com" }.';

/** No system has longer names of files. To look for a longer text in a long one can take time by the product of both. */
const longestName = 255;
/** Names, paths and types of a hundred files, in UTF-16 units; what is longer is the text of a mail. */
const longestNames = 256 * 1024;

/** The texts in which an input may name files, those of the attachments first: a list of paths may be one text, too. */
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

/** JSON that is an object, in UTF-8. Throws Failure `invalid-input`; never with what was there. */
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
    failure: new Failure("invalid-input", message, { hint: "Say which in Content-Type; for JSON: application/json." }),
    status: statusOfBody.wrongKind,
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4 */
function encodedBody(): BodyFailure {
  const failure = new Failure("invalid-input", "The body has a Content-Encoding.", { hint: "Send it as it is, not compressed." });
  return { failure, status: statusOfBody.wrongKind };
}

function tooLarge(maxBytes: number): Failure {
  return new Failure("too-large", `The request has more than ${maxBytes} bytes.`, { hint: "Send less, or raise serve.max_body_mb." });
}

/** Bytes in a millisecond: 16 KiB/s, which is less than any line gives that mail with attachments is sent over. */
const slowestLine = 16.384;

/** The pieces of a body until there are too many, or none comes. */
async function* bounded(body: AsyncIterator<Uint8Array>, { maxBytes, idleMs }: BodyLimits, late: Failure): AsyncGenerator<Uint8Array> {
  let size = 0;
  let whole = false;
  const began = performance.now();
  try {
    for (;;) {
      // Who sends a byte now and then holds a place of those who call.
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
    // Not waited for: it comes to its end with the piece that did not come.
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
