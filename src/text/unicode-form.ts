/** More marks on one letter than any language writes: Unicode's own limit for streamed text (UAX #15, section 13). */
const manyMarks = /(\p{M}{31,})/u;

/**
 * Returns a text in Unicode's normalization form C. Longer runs of marks stay unchanged: sorting a run takes time quadratic in its length, and a
 * message may have a megabyte of them. Applying it twice changes nothing more.
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
export function composeUnicode(text: string): string {
  if (!manyMarks.test(text)) return text.normalize("NFC");
  // The matched separators are at the odd positions.
  return text
    .split(manyMarks)
    .map((part, at) => (at % 2 === 1 ? part : part.normalize("NFC")))
    .join("");
}

/**
 * Characters that take no space on the screen: soft hyphens, zero-width blanks and joiners, direction marks, and all others that Unicode ignores by
 * default (UAX #44, Default_Ignorable_Code_Point); also the interlinear annotations and control characters, which are not among these.
 */
const invisible = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/gu;
/** Most texts contain none of these, so nothing is removed. */
const unusual = /[^\t\n\r -~]/;
/** No-break blanks and blanks of other widths, the Braille pattern without a dot, and line separators. */
const otherBlanks = /[\p{Zs}\u2800\u2028\u2029\u0085\v\f]/gu;

/** Returns a text with one kind of blank and without invisible characters, so neither can hide a word. */
export function visibleText(text: string): string {
  if (!unusual.test(text)) return text;
  return text.replace(invisible, "").replace(otherBlanks, " ");
}

/** Returns a text in the form for comparisons: as people see it, ignoring case. Applying it twice changes nothing more. */
export function comparableText(text: string): string {
  if (!unusual.test(text)) return text.toLowerCase();
  // Lower case turns some letters into a letter and a mark, which are composed again.
  return composeUnicode(composeUnicode(visibleText(text)).toLowerCase());
}
