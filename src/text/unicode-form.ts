/** More marks on one letter than any language writes: Unicode's own limit for text that is to be read as a stream (UAX #15, section 13). */
const manyMarks = /(\p{M}{31,})/u;

/**
 * A text in Unicode's normalization form C. Longer runs of marks stay as they are: to bring one into its order takes time by the square of its
 * length, and a mail may have a megabyte of them. Applying it twice changes nothing more.
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
export function composeUnicode(text: string): string {
  if (!manyMarks.test(text)) return text.normalize("NFC");
  // What is split by stands at the odd places.
  return text
    .split(manyMarks)
    .map((part, at) => (at % 2 === 1 ? part : part.normalize("NFC")))
    .join("");
}

/**
 * Characters that take no room on the screen: soft hyphens, zero-width blanks and joiners, marks of writing direction, and all else that Unicode
 * ignores by default (UAX #44, Default_Ignorable_Code_Point); the interlinear annotations and control characters, which are not among these.
 */
const invisible = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/gu;
/** Most texts have none of it, and nothing to take out. */
const unusual = /[^\t\n\r -~]/;
/** No-break blanks and blanks of other widths, the Braille pattern without a dot, and separators of lines. */
const otherBlanks = /[\p{Zs}\u2800\u2028\u2029\u0085\v\f]/gu;

/** A text with one kind of blank and without invisible characters, so that neither can hide a word. */
export function visibleText(text: string): string {
  if (!unusual.test(text)) return text;
  return text.replace(invisible, "").replace(otherBlanks, " ");
}

/** A text in the form in which texts are compared: as people see it, ignoring case. Applying it twice changes nothing more. */
export function comparableText(text: string): string {
  if (!unusual.test(text)) return text.toLowerCase();
  // Lower case makes a letter and a mark of some letters, which are composed again.
  return composeUnicode(composeUnicode(visibleText(text)).toLowerCase());
}
