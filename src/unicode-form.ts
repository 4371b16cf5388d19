/** More marks on one letter than any language writes: Unicode's own limit for text that is to be read as a stream (UAX #15, section 13). */
const manyMarks = /(\p{M}{31,})/u;

/**
 * A text in Unicode's normalization form C. Longer runs of marks stay as they are: to bring one into its order takes time by the square of its
 * length, and a mail may have a megabyte of them. Applying it twice changes nothing more.
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
export function composed(text: string): string {
  if (!manyMarks.test(text)) return text.normalize("NFC");
  // What is split by stands at the odd places.
  return text
    .split(manyMarks)
    .map((part, at) => (at % 2 === 1 ? part : part.normalize("NFC")))
    .join("");
}
