// src/text/: Text written by others: reads and shows JSON, normalises Unicode, and finds near spellings.

// JSON allows these unescaped, but a terminal or a log viewer that shows the document would obey them, and some that read it line by line take
// U+2028 and U+2029 for line ends (Node from 24 on). The tag characters (U+E0000..E007F) are invisible text.
const dangerousCharacters = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** One JSON document, RFC 8259, that is harmless to show: control and bidirectional characters only as \uXXXX. */
export function harmlessJson(value: unknown, indent = 0): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}

/** The same of a document that somebody else has written. */
export function escapeJson(json: string): string {
  return json.replace(dangerousCharacters, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
