import { harmlessJson } from "../text/harmless-json.ts";

/** Characters of a piece at least: each is written by itself. */
const pieceLength = 64 * 1024;
/** A row of a list has some 1000 characters. */
const rowsAtOnce = 50;

/**
 * The text of `harmlessJson` in pieces: a list of thousands is never there as one text, of which writing it would make copies. Short documents are
 * one piece.
 */
export function* jsonPieces(document: object): Iterable<string> {
  let piece = "";
  for (const part of partsOf(document)) {
    piece += part;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

function* partsOf(document: object): Iterable<string> {
  let before = "{";
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue;
    yield `${before}${harmlessJson(name)}:`;
    before = ",";
    if (Array.isArray(value)) yield* listParts(value);
    else yield harmlessJson(value);
  }
  yield before === "{" ? "{}" : "}";
}

function* listParts(list: readonly unknown[]): Iterable<string> {
  yield "[";
  for (let at = 0; at < list.length; at += rowsAtOnce) {
    const rows = harmlessJson(list.slice(at, at + rowsAtOnce)).slice(1, -1);
    yield at === 0 ? rows : `,${rows}`;
  }
  yield "]";
}
