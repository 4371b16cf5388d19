import type { LabHeader } from "../store/address.ts";
import { decodeCharset } from "./charset.ts";
import { type Parameterised, parseParameters } from "./parameters.ts";

/** One MIME entity (RFC 2045 2.4) with its exact bytes. */
export interface Entity {
  /** Unfolded, in the original order, with duplicates. */
  readonly headers: readonly LabHeader[];
  readonly type: Parameterised;
  /** The value is empty if the entity has no such header. */
  readonly disposition: Parameterised;
  /** Lower case; empty if the entity has no such header. */
  readonly transferEncoding: string;
  /** The bytes after the empty line, unchanged. */
  readonly body: Uint8Array;
  /** The parts of a multipart. */
  readonly parts: readonly Entity[];
}

// A message nested deeper than this is an attack on its reader: a deeper multipart stays one undivided part.
const maxMultipartDepth = 32;
// More headers than any mail system accepts. Further headers remain only in the bytes.
const maxHeaders = 5_000;
const cr = 0x0d;
const lf = 0x0a;

export function parseEntity(bytes: Uint8Array, defaultType = "text/plain", depth = 0): Entity {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { headers, bodyAt } = readHeaders(buffer);
  const type = parseParameters(headerValue(headers, "content-type") ?? "", defaultType);
  const body = buffer.subarray(bodyAt);
  const boundary = type.value.startsWith("multipart/") ? type.parameters.get("boundary") : undefined;
  const inner = boundary && depth < maxMultipartDepth ? splitParts(body, boundary) : [];
  const partType = type.value === "multipart/digest" ? "message/rfc822" : "text/plain";
  return {
    headers,
    type,
    disposition: parseParameters(headerValue(headers, "content-disposition") ?? "", ""),
    transferEncoding: (headerValue(headers, "content-transfer-encoding") ?? "").trim().toLowerCase(),
    body,
    parts: inner.map((part) => parseEntity(part, partType, depth + 1)),
  };
}

/** Returns the first header of this name. */
export function headerValue(headers: readonly LabHeader[], name: string): string | undefined {
  return headers.find((header) => header.name.toLowerCase() === name)?.value;
}

function readHeaders(bytes: Buffer): { headers: LabHeader[]; bodyAt: number } {
  const headers: LabHeader[] = [];
  let lines: string[] = [];
  const finish = (): void => {
    const header = headerOf(lines);
    if (header && headers.length < maxHeaders) headers.push(header);
    lines = [];
  };
  let at = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length) {
    const { end, next } = lineAt(bytes, at);
    if (end === at) {
      finish();
      return { headers, bodyAt: next };
    }
    const first = bytes[at];
    if ((first === 0x20 || first === 0x09) && lines.length > 0) lines.push(decodeLine(bytes.subarray(at, end)));
    else {
      const line = decodeLine(bytes.subarray(at, end));
      finish();
      if (/^[!-9;-~]+[ \t]*:/.test(line)) lines = [line];
      // Skip the separator of a mailbox file, or a malformed line between headers. Text in place of headers is the body.
      else if (headers.length === 0 && !/^>?From /.test(line)) return { headers, bodyAt: at };
    }
    at = next;
  }
  finish();
  return { headers, bodyAt: bytes.length };
}

function lineAt(bytes: Buffer, at: number): { end: number; next: number } {
  const newline = bytes.indexOf(lf, at);
  if (newline < 0) return { end: bytes.length, next: bytes.length };
  return { end: newline > at && bytes[newline - 1] === cr ? newline - 1 : newline, next: newline + 1 };
}

function headerOf(lines: readonly string[]): LabHeader | undefined {
  const whole = lines.join("");
  const colon = whole.indexOf(":");
  return colon < 0 ? undefined : { name: whole.slice(0, colon).trim(), value: whole.slice(colon + 1).trim() };
}

/** Headers are ASCII or UTF-8 (RFC 6532); other bytes are read as Windows-1252. */
function decodeLine(bytes: Uint8Array): string {
  return decodeCharset(bytes, "");
}

/** Cuts at the boundary lines (RFC 2046 5.1.1). The line end before a boundary belongs to the boundary. */
function splitParts(body: Buffer, boundary: string): Uint8Array[] {
  const delimiter = Buffer.from(`--${boundary}`, "utf8");
  const parts: Uint8Array[] = [];
  let start: number | undefined;
  let at = 0;
  while (at >= 0 && at < body.length) {
    const found = body.indexOf(delimiter, at);
    if (found < 0) break;
    at = found + delimiter.length;
    if (found > 0 && body[found - 1] !== lf) continue;
    const { end, next } = lineAt(body, found);
    const rest = body.toString("latin1", at, Math.min(end, at + 200)).trimEnd();
    if (rest !== "" && rest !== "--") continue;
    if (start !== undefined) parts.push(body.subarray(start, Math.max(start, beforeLineEnd(body, found))));
    if (rest === "--") return parts;
    start = next;
    at = next;
  }
  // The closing boundary is missing: the last part goes to the end.
  if (start !== undefined) parts.push(body.subarray(start));
  return parts;
}

function beforeLineEnd(body: Buffer, at: number): number {
  if (at > 0 && body[at - 1] === lf) return at > 1 && body[at - 2] === cr ? at - 2 : at - 1;
  return at;
}
