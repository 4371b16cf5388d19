// src/text/: Text written by others: reads and shows JSON, normalises Unicode, and finds near spellings.

// JSON allows these characters unescaped, but a terminal or log viewer would obey them, and some line readers treat U+2028 and U+2029 as line ends
// (Node from 24 on). The tag characters (U+E0000..E007F) are invisible text.
const dangerousCharacters = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Escapes these characters where YAML has a text in double quotes. */
export function escapeQuotedYaml(yaml: string): string {
  return yaml.replace(dangerousCharacters, (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`);
}

/** Returns a JSON document (RFC 8259) that is harmless to show: control and bidirectional characters appear only as \uXXXX. */
export function harmlessJson(value: unknown, indent = 0): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}

/** Escapes a JSON document of another author in the same way. */
export function escapeJson(json: string): string {
  return json.replace(dangerousCharacters, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
