import { malformed } from "./xml-characters.ts";

/** The answer of a step that needs bytes that have not come yet. */
export const unfinished = -1;

export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa || code === 0xd || code === 0x9;
}

export function skipSpace(source: string, from: number): number {
  let at = from;
  while (isSpace(source.charCodeAt(at))) at++;
  return at;
}

/** Whether a character cannot stand in a name and ends it: white space and control characters, `" & ' / < = >`. */
export function endsName(code: number): boolean {
  return code <= 0x22 || code === 0x3e || code === 0x2f || code === 0x3d || code === 0x3c || code === 0x26 || code === 0x27;
}

/** Returns the end of the name that begins at `from`; the length of the source if the name may continue in the next chunk. */
export function nameEnd(source: string, from: number): number {
  const length = source.length;
  let at = from;
  while (at < length && !endsName(source.charCodeAt(at))) at++;
  return at;
}

/** Returns the number of characters at the end that may be the beginning of a CR LF or a `]]>`. */
export function heldBack(source: string): number {
  if (source.endsWith("\r")) return 1;
  if (source.endsWith("]]")) return 2;
  return source.endsWith("]") ? 1 : 0;
}

const byteOrderMark = "\xEF\xBB\xBF";
const opening = "<?xml";
/** Characters of an XML declaration at most: three short attributes, with room for white space. */
const maxDeclaration = 1024;
const declaration =
  /^<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1(?:\s+encoding\s*=\s*(["'])([A-Za-z][A-Za-z0-9._-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*$/;

/** Returns the position after the byte order mark and the XML declaration. Failure `broken-reply` if the declaration names an encoding other than UTF-8. */
export function afterDeclaration(source: string): number {
  const [first = "", second = ""] = source;
  if (first === "\0" || second === "\0" || first >= "\xFE") throw malformed("is not in UTF-8");
  const from = source.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  const begin = source.slice(from, from + opening.length + 1);
  if (begin.length <= opening.length && opening.startsWith(begin)) return unfinished;
  if (!/^<\?xml\s$/.test(begin)) return from;
  const close = source.indexOf("?>", from);
  if (close < 0 && source.length < maxDeclaration) return unfinished;
  const found = declaration.exec(source.slice(from, close));
  if (found === null) throw malformed("has an XML declaration that is not allowed");
  const encoding = found[3]?.toLowerCase() ?? "utf-8";
  if (encoding !== "utf-8" && encoding !== "us-ascii") throw malformed("is not in UTF-8");
  return close + 2;
}
