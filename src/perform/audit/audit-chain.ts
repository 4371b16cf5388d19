// src/perform/audit/: The audit log: an append-only file whose entries are chained by their hashes.

import { hash as hashOf } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";

/** `previous` of the first entry of a log. */
export const noHash = "0".repeat(64);

/** How far back the last complete entry is searched: an entry of 10,000 targets has about 5 MB. Bytes. */
const lookBack = 64 * 1024 * 1024;

/** Returns the hash of bytes, or of the UTF-8 form of a text, hexadecimal. */
export function sha256(content: Buffer | string): string {
  return hashOf("sha256", content);
}

/** The members of an entry that form the chain. */
export interface ChainLink {
  readonly previous: string;
  /** Hashes of the torn lines before it. */
  readonly torn: readonly string[];
  readonly action: string;
  /** Why a person accepted that entries are missing before it. */
  readonly reason: string | undefined;
}

/** Parses a line as an entry. Returns undefined for anything else. */
export function entryOf(line: Buffer): ChainLink | undefined {
  const value = parseJson(line.toString("utf8"));
  if (typeof value !== "object" || value === null || !("previous" in value) || typeof value.previous !== "string") return undefined;
  const torn = "after_torn" in value && Array.isArray(value.after_torn) ? value.after_torn.map(String) : [];
  const action = "action" in value && typeof value.action === "string" ? value.action : "";
  const reason = "reason" in value && typeof value.reason === "string" ? value.reason : undefined;
  return { previous: value.previous, torn, action, reason };
}

/** The action of the entry with which a person continues a log that lacks entries. */
export const acceptAction = "audit-accept";
/** The action of the first entry of a log that continues another file. */
export const rotateAction = "audit-rotate";

export interface ChainEnd {
  /** Hash of the last complete entry. */
  readonly hash: string;
  /** Hashes of the torn lines after it. */
  readonly torn: readonly string[];
  /** The file does not end with a line feed. */
  readonly unfinished: boolean;
}

/** Finds the last complete entry, reading backwards in pieces that double. Throws Failure `audit-failed` if the file is not an audit log. */
export async function readEnd(file: FileHandle, path: string): Promise<ChainEnd> {
  const { size } = await file.stat();
  for (let piece = 64 * 1024; ; piece *= 2) {
    const bytes = await lastBytes(file, size, piece);
    const found = lastEntry(bytes, bytes.length === size);
    if (found !== undefined) return found;
    if (bytes.length === size || piece > lookBack) {
      throw new Failure("audit-failed", "The file is not an audit file. Nothing was appended to it.", {
        local: path,
        hint: "Check the path. If it was the audit log, move it away, then begin a new log with an entry that names the gap: mailcordon audit accept --reason TEXT",
      });
    }
  }
}

/** Returns the SHA-256 of the line, with its line feed, that ends at this position of the file; undefined if none ends there. */
export async function hashOfLineBefore(file: FileHandle, end: number): Promise<string | undefined> {
  if (end === 0) return noHash;
  for (let piece = 64 * 1024; ; piece *= 2) {
    const bytes = await lastBytes(file, end, piece);
    if (bytes.at(-1) !== 0x0a) return undefined;
    const feed = bytes.length > 1 ? bytes.lastIndexOf(0x0a, bytes.length - 2) : -1;
    if (feed >= 0 || bytes.length === end) return sha256(bytes.subarray(feed + 1, -1));
    if (piece > lookBack) return undefined;
  }
}

/** Reads the `wanted` bytes before `end`, or all there are. */
async function lastBytes(file: FileHandle, end: number, wanted: number): Promise<Buffer> {
  const from = Math.max(0, end - wanted);
  const bytes = Buffer.alloc(end - from);
  await file.read(bytes, 0, bytes.length, from);
  return bytes;
}

/** Finds the last entry of a piece. Returns undefined if there is no complete one and the piece is not the beginning of an audit log. */
function lastEntry(bytes: Buffer, fromStart: boolean): ChainEnd | undefined {
  const unfinished = bytes.length > 0 && bytes.at(-1) !== 0x0a;
  const torn: string[] = [];
  let end = unfinished ? bytes.length : bytes.length - 1;
  while (end > 0) {
    const feed = bytes.lastIndexOf(0x0a, end - 1);
    if (feed < 0 && !fromStart) return undefined;
    const line = bytes.subarray(feed + 1, end);
    // A line that lacks only its line feed is complete once it has one.
    if (entryOf(line) !== undefined) return { hash: sha256(line), torn: torn.reverse(), unfinished };
    torn.push(sha256(line));
    end = feed;
  }
  const empty = bytes.length === 0;
  // Only torn lines: the first entry was torn. The file must at least begin like an entry, so that no other file is ever changed.
  return fromStart && (empty || bytes[0] === 0x7b) ? { hash: noHash, torn: torn.reverse(), unfinished } : undefined;
}
