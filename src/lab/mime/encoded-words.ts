import { decodeCharset } from "./charset.ts";
import { decodeBase64, decodeQuotedPrintable } from "./transfer-encoding.ts";

// A word may have 75 characters (RFC 2047 2), but some mailers put a whole subject into one. A longer word is not decoded.
const word = /=\?([^?\s]{1,80})\?([bq])\?((?:[^?]|\?(?!=)){0,4000}?)\?=/gi;

/** Returns a header's text with its encoded words (RFC 2047) decoded. The bytes of adjacent words in the same charset are joined first. */
export function decodeWords(text: string): string {
  let out = "";
  let at = 0;
  let held: { readonly charset: string; readonly bytes: Uint8Array[] } | undefined;
  const finish = (): void => {
    if (held) out += decodeCharset(Buffer.concat(held.bytes), held.charset);
    held = undefined;
  };
  for (const match of text.matchAll(word)) {
    const [whole, charset = "", encoding = "", content = ""] = match;
    const between = text.slice(at, match.index);
    const bytes = encoding.toLowerCase() === "b" ? decodeBase64(Buffer.from(content, "latin1")) : qBytes(content);
    // White space between two words only separates them.
    if (held && /^\s*$/.test(between)) {
      if (held.charset === charset.toLowerCase()) held.bytes.push(bytes);
      else {
        finish();
        held = { charset: charset.toLowerCase(), bytes: [bytes] };
      }
    } else {
      finish();
      out += between;
      held = { charset: charset.toLowerCase(), bytes: [bytes] };
    }
    at = match.index + whole.length;
  }
  finish();
  return out + text.slice(at);
}

function qBytes(content: string): Uint8Array {
  return decodeQuotedPrintable(Buffer.from(content.replaceAll("_", " "), "utf8"));
}
