/** A value that can be written. */
export type Yaml = string | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

/** Characters that a reader of YAML 1.1 may refuse or take for a line end. */
const invisible = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Returns YAML that readers of 1.1 and of 1.2 read as the same value. The style is fixed, so files can be compared line by line: texts are in single
 * quotes, so none becomes a number, a date or a boolean; code is unchanged behind `|`; undefined members are left out.
 */
export async function yamlText(value: { readonly [key: string]: Yaml | undefined }): Promise<string> {
  const { Document, visit } = await import("../../libraries/yaml.ts");
  // No key merges others: the library would write << without quotes.
  const document = new Document(value, {
    ...{ version: "1.1", aliasDuplicateObjects: false },
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:merge"),
  });
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value === "string") node.type = key === "key" ? keyStyle(node.value) : textStyle(node.value);
    },
  });
  // Only texts in double quotes have such characters, and there an escape stands for them.
  const text = document.toString({ doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER, lineWidth: 0, singleQuote: true });
  return text.replaceAll(invisible, (character) => (character === "\n" ? character : escaped(character)));
}

function textStyle(text: string) {
  // A block keeps its lines if the first is not indented, no line ends in a space, and the last one ends with a line feed.
  if (text.endsWith("\n") && !text.endsWith("\n\n") && !/^\s| \n|[^\n\x20-\x7e]/.test(text)) return "BLOCK_LITERAL";
  // In single quotes only visible characters are literal.
  return /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(text) ? "QUOTE_DOUBLE" : "QUOTE_SINGLE";
}

function keyStyle(key: string) {
  // The library quotes a word that YAML 1.1 reads as a boolean, null or a number.
  return /^[A-Za-z_][\w-]*$/.test(key) ? "PLAIN" : textStyle(key);
}

function escaped(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
}
