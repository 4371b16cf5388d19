import { harmlessJson } from "../text/harmless-json.ts";

/** Characters of a piece at least: each is written by itself. */
const pieceLength = 64 * 1024;
/** A row of a list has some 1000 characters. */
const rowsAtOnce = 50;

/**
 * Yields the text of `harmlessJson` in pieces. A list of thousands is never built as one text, since writing such a text would make copies of it. Short
 * documents are one piece.
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
