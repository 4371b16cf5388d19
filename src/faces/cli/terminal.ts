/**
 * The text of messages and servers may be hostile: it reaches a terminal only through `harmless`. We compute column widths because string-width 8 takes 57
 * ms to load and 40 times the CPU; this file takes 1.4 ms to load. The two differ for 1,101 of 159,464 characters, mostly pictographs, and this file counts
 * joined emoji singly: a column may then be cut early.
 */

// Characters that a terminal obeys instead of showing: C0, DEL, C1; the line and paragraph separators; characters that reverse the text direction
// (UAX #9), with which `cod.exe` could be shown as `exe.doc`; and the tag characters (U+E0000..E007F), which are invisible text.
const controlCharacters =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu;

/** Returns the text with every character visible that a terminal would obey: ESC becomes ␛, U+202E becomes `<U+202E>`. One line stays one line. */
export function harmless(text: string): string {
  return text.replace(controlCharacters, (character) => {
    const code = character.codePointAt(0) ?? 0;
    // Unicode has a picture of each C0 character and of DEL (U+2400..2421).
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "␡";
    return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

// Roughly East_Asian_Width W and F of Unicode, and the pictographs: [first, last].
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2fb],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

function widthOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (zeroWidth.test(character)) return 0;
  return wideRanges.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Returns how many columns a text without control characters takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOfCharacter(character);
  return columns;
}

/** Cuts the text to at most `columns` columns; `…` marks the cut. */
export function cut(text: string, columns: number): string {
  let used = 0;
  let units = 0;
  let fits = 0;
  for (const character of text) {
    used += widthOfCharacter(character);
    units += character.length;
    // A pile of combining marks has no width but would still be printed: four units for each column are enough for any language.
    if (used > columns || units > columns * 4) return `${text.slice(0, fits)}…`;
    if (used <= columns - 1) fits = units;
  }
  return text;
}

/** Cuts or pads the text to exactly `columns` columns. */
export function pad(text: string, columns: number): string {
  const shown = cut(text, columns);
  return shown + " ".repeat(Math.max(0, columns - width(shown)));
}

/** A command between backticks is one word: broken, it could not be copied. */
const words = /`[^`]*`[^\s`]*|\S+/g;

/** Breaks words into lines of at most `columns` columns and indents all but the first. A longer word gets its own line. */
export function wrap(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const [word] of text.matchAll(words)) {
    if (line !== "" && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}
