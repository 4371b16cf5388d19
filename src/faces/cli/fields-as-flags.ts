import { flagOf } from "../field-spellings.ts";

/**
 * Returns a message about an input with the flags of the command line in place of the names of fields: actions and the schema say `confirm_hard`, and the
 * person typed `--confirm-hard`. `flags` has the flag of each field if it differs from the field's name.
 *
 * A name with an underscore is a field wherever it stands. A name of one word is also an English word ("all", "find", "for"), so it is a field only at
 * the start of a complaint, which no sentence begins in lower case, and at the end of a list in which at least two fields follow each other.
 */
export function fieldsAsFlags(text: string, fields: Iterable<string>, flags: Readonly<Record<string, string | undefined>> = {}): string {
  const known = new Set(fields);
  const flag = (name: string) => (known.has(name) ? flagOf(flags[name] ?? name) : name);
  return text
    .replace(complaint, (_, before: string, names: string) => before + names.replace(word, flag))
    .replace(list, (names) => {
      const items = names.split(/(?<=, | and | or )/);
      const unknown = items.findLastIndex((item) => !known.has(item.replace(/,? (?:(?:and|or) )?$/, "")));
      // One known name after others is a word of the sentence.
      return items.length - unknown > 2
        ? [...items.slice(0, unknown + 1), ...items.slice(unknown + 1).map((item) => item.replace(/^\w+/, flag))].join("")
        : names;
    })
    .replace(compound, flag);
}

const word = /(?<![\w-])[a-z]\w*/g;
/** The fields at the start of a complaint: `a: …`, `a is required: …`, `a and b exclude each other`. */
const complaint = /(^|; )([a-z]\w*(?:(?:, | and | or )[a-z]\w*)*)(?=: | (?:is|are|exclude|excludes|need|needs)\b)/g;
/** At least two words in a list. Bounded, so it costs linear time. */
const list = /(?<![\w"'.-])[a-z]\w{0,40}(?:, [a-z]\w{0,40}){0,20}(?:,? (?:and|or) [a-z]\w{0,40})(?![\w"'-])/g;
const compound = /(?<![\w"'./-])[a-z][a-z\d]*(?:_[a-z\d]+)+(?![\w"'-])/g;
