import type { FileLine } from "../../files/read-lines.ts";
import { acceptAction, entryOf, noHash, rotateAction, sha256 } from "./audit-chain.ts";

/** The result of following the lines of a chain. */
export interface ChainCheck {
  /** How many entries are complete and in their chain. */
  readonly entries: number;
  /** SHA-256 of the last of them, hexadecimal; without any, of the entry before. */
  readonly lastHash: string;
  /** The first line that differs from the written one, counted from 1. */
  readonly broken?: { readonly line: number; readonly problem: string } | undefined;
  /** Lines that a crash tore while they were written: acknowledged by the entry after them, or the last of the file. */
  readonly torn: readonly number[];
  /** Entries with which a person continued a log that lacked entries. */
  readonly gaps: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Follows a chain from line to line. `before` is the hash of the entry before the first line; undefined at the beginning of a file, which may continue
 * another one. `seen` receives each entry's hash, and may return a further error of the entry.
 */
export async function followChain(
  lines: AsyncIterable<FileLine>,
  before: string | undefined,
  seen: (hash: string, line: Buffer, number: number) => string | undefined = () => undefined,
): Promise<ChainCheck> {
  let entries = 0;
  let number = 0;
  let hash = before;
  const torn: number[] = [];
  const gaps: { line: number; reason: string }[] = [];
  let pending: string[] = [];
  let ended = true;
  const broken = (line: number, problem: string): ChainCheck => ({
    ...{ entries, lastHash: hash ?? noHash, torn, gaps },
    broken: { line, problem },
  });
  for await (const { line, whole } of lines) {
    number++;
    ended = whole;
    const link = whole ? entryOf(line) : undefined;
    if (link === undefined) {
      pending.push(sha256(line));
      torn.push(number);
      continue;
    }
    if (pending.join() !== link.torn.join()) return broken(number - pending.length, brokenLine(pending.length));
    hash ??= link.action === rotateAction ? link.previous : noHash;
    if (link.previous !== hash) {
      return broken(number, "It does not contain the hash of the previous entry: that entry was changed, or one is missing.");
    }
    const own = sha256(line);
    const wrong = seen(own, line, number);
    if (wrong !== undefined) return broken(number, wrong);
    if (link.action === acceptAction) gaps.push({ line: number, reason: link.reason ?? "" });
    entries++;
    hash = own;
    pending = [];
  }
  // Torn lines that no entry acknowledges yet are at the end, and the last of them has no line feed.
  if (pending.length > 0 && ended) return broken(number - pending.length + 1, brokenLine(pending.length));
  return { entries, lastHash: hash ?? noHash, torn, gaps };
}

function brokenLine(unreadable: number): string {
  return unreadable > 0
    ? "It is not an entry, and no later entry records that a crash left it incomplete."
    : "It records an incomplete line before it, but there is none.";
}
