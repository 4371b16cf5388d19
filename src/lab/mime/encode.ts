import type { LabAddress } from "../store/address.ts";

// RFC 2047 2: an encoded word is at most 75 characters; "=?UTF-8?B?" and "?=" take 12, which leaves 63, or 45 bytes in base64.
const wordBytes = 45;
// RFC 2045 6.8: lines of base64 are at most 76 characters: 57 bytes.
const lineBytes = 57;

/** Replaces characters that could end a header line, or a line of the message, by spaces: a subject cannot add headers of its own. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f]+/g, " ").trim();
}

/** RFC 2047: writes encoded words for text that is not plain ASCII or looks like an encoded word. Never cuts a character in two. */
export function encodeText(text: string): string {
  const line = oneLine(text);
  if (/^[\t\x20-\x7e]*$/.test(line) && !line.includes("=?") && line.length <= 900) return line;
  return encodedWords(line).join("\r\n ");
}

function encodedWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let bytes = 0;
  for (const char of text) {
    const length = Buffer.byteLength(char);
    if (bytes + length > wordBytes) {
      words.push(word);
      word = "";
      bytes = 0;
    }
    word += char;
    bytes += length;
  }
  return [...words, word].map((one) => `=?UTF-8?B?${Buffer.from(one).toString("base64")}?=`);
}

/** `"Name" <address>`, RFC 5322 3.4. An address contains no white space and no angle bracket. */
export function encodeAddress({ name, address, smtpAddress = address }: LabAddress): string {
  const bare = oneLine(smtpAddress ?? "").replace(/[\s<>]/g, "");
  const shown = encodePhrase(name ?? "");
  return shown === "" ? `<${bare}>` : `${shown} <${bare}>`;
}

function encodePhrase(name: string): string {
  const line = oneLine(name);
  if (line === "" || /^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*$/.test(line) === false) return quotedPhrase(line);
  return line.includes("=?") ? encodedWords(line).join("\r\n ") : line;
}

function quotedPhrase(line: string): string {
  if (line === "") return "";
  if (!/^[\x20-\x7e]*$/.test(line) || line.includes("=?")) return encodedWords(line).join("\r\n ");
  return `"${line.replace(/["\\]/g, "\\$&")}"`;
}

/** One header per address line: `To: a,\r\n b`. */
export function encodeAddresses(addresses: readonly LabAddress[]): string {
  return addresses.map(encodeAddress).join(",\r\n ");
}

/** Writes a parameter of a structured header: quoted if it is printable ASCII, otherwise by RFC 2231 in pieces that keep the lines short. */
export function encodeParameter(name: string, value: string): string {
  const line = value.replace(/[\u0000-\u001f\u007f]/g, " ");
  if (/^[\x20-\x7e]*$/.test(line) && line.length <= 60) return `;\r\n ${name}="${line.replace(/["\\]/g, "\\$&")}"`;
  const pieces: string[] = [];
  let piece = "";
  for (const char of line) {
    const encoded = /[A-Za-z0-9.-]/.test(char)
      ? char
      : [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
    if (piece.length + encoded.length > 55) {
      pieces.push(piece);
      piece = "";
    }
    piece += encoded;
  }
  return [...pieces, piece].map((one, index) => `;\r\n ${name}*${index}*=${index === 0 ? "UTF-8''" : ""}${one}`).join("");
}

/** Base64 in lines of 76 characters, each ended by CRLF. */
export function base64Lines(bytes: Uint8Array): string {
  const lines: string[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; at += lineBytes)
    lines.push(`${buffer.toString("base64", at, Math.min(buffer.length, at + lineBytes))}\r\n`);
  return lines.join("");
}

/** RFC 5322 3.3, in UTC. */
export function encodeDate(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}
