// Work on large texts and bytes in slices, between which others have their turn: `serve` has one thread for all callers.

import { createHash } from "node:crypto";

/** Characters, or bytes, that are worked on without a pause: the slowest work on them (escaping each character of XML) takes some 10 ms. */
export const sliceLength = 256 * 1024;

/** Lets other waiting work run. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Yields a text in slices that split neither a surrogate pair nor CR LF. */
export function* textSlices(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let end = Math.min(text.length, from + sliceLength);
    if (end < text.length && /[\r\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
    yield text.slice(from, end);
    from = end;
  }
}

/** Yields bytes in slices, with a pause between them. */
export async function* byteSlices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += sliceLength) {
    if (from > 0) await yieldToEventLoop();
    yield bytes.subarray(from, from + sliceLength);
  }
}

/** Returns the SHA-256 (hexadecimal) of a text, lone surrogates included. */
export async function hashText(text: string): Promise<string> {
  const hash = createHash("sha256");
  for (const slice of textSlices(text)) {
    hash.update(Buffer.from(slice, "utf16le"));
    if (text.length > sliceLength) await yieldToEventLoop();
  }
  return hash.digest("hex");
}

/** Returns the bytes of padded Base64 without white space (RFC 4648 section 4); undefined if the text is anything else. */
export async function decodeStrictBase64(text: string): Promise<Buffer | undefined> {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.allocUnsafeSlow((text.length / 4) * 3 - padding);
  let filled = 0;
  for (const [at, slice] of [...textSlices(text)].entries()) {
    if (at > 0) await yieldToEventLoop();
    // Each slice has whole groups of four: a character that could shift them, a CR or a surrogate, is refused here.
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(slice)) return undefined;
    if (slice.includes("=") && filled + (slice.length / 4) * 3 - padding !== bytes.length) return undefined;
    filled += bytes.write(slice, filled, "base64");
  }
  return bytes;
}

/** Returns the bytes of a text in Base64, with white space in it or not, as Node.js reads it. */
export async function decodeBase64(text: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(Math.ceil((text.length / 4) * 3) + 3);
  let filled = 0;
  let rest = "";
  // Padding ends the text; the characters after it are read in one step, since valid text has none.
  const padding = text.indexOf("=");
  const plain = padding < 0 ? text : text.slice(0, padding);
  for (const slice of textSlices(plain)) {
    const all = rest + slice.replace(/[^A-Za-z0-9+/_-]/g, "");
    const whole = all.length - (all.length % 4);
    filled += bytes.write(all.slice(0, whole), filled, "base64");
    rest = all.slice(whole);
    if (plain.length > sliceLength) await yieldToEventLoop();
  }
  filled += bytes.write(rest + (padding < 0 ? "" : text.slice(padding)), filled, "base64");
  return bytes.subarray(0, filled);
}

/** Returns a text in UTF-8, with CR LF at the end of each line. */
export async function encodeWithCrLf(text: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (const slice of textSlices(text)) {
    pieces.push(Buffer.from(slice.replace(/\r?\n/g, "\r\n"), "utf8"));
    if (text.length > sliceLength) await yieldToEventLoop();
  }
  return Buffer.concat(pieces);
}
