/** A value that can be written. */
export type Yaml = string | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

/**
 * Returns YAML that is valid in 1.1 and 1.2, in one fixed style, so files can be compared byte by byte. The `yaml` library is not used for writing,
 * because its style changes with its version: here texts are in single quotes, so none becomes a number, a date or a boolean; lines of code are
 * unchanged behind `|`; undefined members are left out.
 */
export function yamlText(value: { readonly [key: string]: Yaml | undefined }): string {
  return members(value, "") || "{}\n";
}

function members(value: { readonly [key: string]: Yaml | undefined }, indent: string): string {
  return Object.entries(value)
    .flatMap(([key, member]) => (member === undefined ? [] : [`${indent}${keyText(key)}:${valueText(member, indent)}`]))
    .join("");
}

function valueText(value: Yaml, indent: string): string {
  if (typeof value === "boolean") return ` ${value}\n`;
  if (typeof value === "string") return scalar(value, indent);
  const deeper = `${indent}  `;
  if (isList(value)) return value.length === 0 ? " []\n" : `\n${value.map((item) => listItem(item, deeper)).join("")}`;
  return Object.keys(value).length === 0 ? " {}\n" : `\n${members(value, deeper)}`;
}

function listItem(value: Yaml, indent: string): string {
  if (typeof value !== "object" || isList(value) || Object.keys(value).length === 0) return `${indent}-${valueText(value, indent)}`;
  return `${indent}- ${members(value, `${indent}  `).slice(indent.length + 2)}`;
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}

function scalar(text: string, indent: string): string {
  // A block keeps its lines when the first is not indented, none ends in a blank and the last ends.
  const isBlock = text.endsWith("\n") && !text.endsWith("\n\n") && !/^\s| \n|[^\n\x20-\x7e]/.test(text);
  if (!isBlock) return ` ${quoted(text)}\n`;
  const lines = text.slice(0, -1).split("\n");
  return ` |\n${lines.map((line) => (line === "" ? "\n" : `${indent}  ${line}\n`)).join("")}`;
}

function quoted(text: string): string {
  // In single quotes only visible characters are literal; a JSON text is a valid YAML text in double quotes.
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(text)) return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
  return `'${text.replaceAll("'", "''")}'`;
}

/** Escapes characters that JSON leaves unescaped but YAML 1.1 treats as a line end or does not allow. */
function escaped(character: string): string {
  return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`;
}

/**
 * Puts words into quotes that YAML 1.1 reads as a boolean or null, and everything that is not a plain word. `e0` is quoted as well: some YAML 1.1
 * readers take it for a number whose digits before the exponent are missing.
 */
function keyText(key: string): string {
  const isWord = /^[A-Za-z_][\w-]*$/.test(key) && !/^(y|n|yes|no|on|off|true|false|null|e[-+]?[0-9]+)$/i.test(key);
  return isWord ? key : quoted(key);
}
