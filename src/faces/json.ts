// JSON allows these unescaped, but a terminal or a log viewer that shows the document would obey them.
const obeyed = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/** One JSON document, RFC 8259, that is harmless to show: control and bidirectional characters only as \uXXXX. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, undefined, indent).replace(
    obeyed,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Characters of a piece at least: each is written by itself. */
const pieceLength = 64 * 1024;
/** A row of a list has some 1000 characters. */
const rowsAtOnce = 50;

/**
 * The text of `jsonText` in pieces: a list of thousands is never there as one text, of which writing it would make copies. Short documents are
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
    yield `${before}${jsonText(name)}:`;
    before = ",";
    if (Array.isArray(value)) yield* listParts(value);
    else yield jsonText(value);
  }
  yield before === "{" ? "{}" : "}";
}

function* listParts(list: readonly unknown[]): Iterable<string> {
  yield "[";
  for (let at = 0; at < list.length; at += rowsAtOnce) {
    const rows = jsonText(list.slice(at, at + rowsAtOnce)).slice(1, -1);
    yield at === 0 ? rows : `,${rows}`;
  }
  yield "]";
}
