/** Characters that a terminal or an editor would interpret; in a cell, line breaks as well. */
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Replaces control characters and characters that change the direction of text. */
export function withoutControls(text: string): string {
  return text.replace(controlCharacters, "\ufffd");
}

/** Spreadsheets evaluate a cell with such a beginning as a formula: https://owasp.org/www-community/attacks/CSV_Injection */
const formula = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** Returns a quoted cell of RFC 4180 on one line, which no spreadsheet takes for a formula. */
export function csvCell(text: string): string {
  const shown = withoutControls(text);
  return `"${(formula.test(shown) ? `'${shown}` : shown).replaceAll('"', '""')}"`;
}
