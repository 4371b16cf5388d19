/** Decodes text in the charset that a message names. Never throws. */
export type DecodeText = (bytes: Uint8Array, charset: string | undefined) => string;

/**
 * Windows-1252 from 0x80 to 0x9f. Node's own decoder has read Latin-1 there since 20.18.3 and 22.13: https://github.com/nodejs/node/issues/56542
 */
const western = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ";

/** C1 control characters: no message means them, but terminals obey them. */
const control = /[\u0080-\u009f]/g;

/** Labels of codecs that are not charsets. */
const notCharsets: ReadonlySet<string> = new Set(["base64", "hex", "binary"]);

type Library = { decode(bytes: Uint8Array, charset: string): string; encodingExists(charset: string): boolean };

/**
 * Loads the charsets that Node does not know (UTF-7, code page 437, …). Text in an unknown charset, or text that breaks its charset's rules, is
 * read as UTF-8 if it is valid UTF-8, otherwise as Windows-1252. C1 control characters become U+FFFD.
 */
export async function loadCharsets(): Promise<DecodeText> {
  const { iconv } = await import("../../libraries/iconv.ts");
  return (bytes, charset) => decoded(bytes, labelOf(charset), iconv).replace(control, "\ufffd");
}

/** Returns the charset's label, without the language that RFC 2231 (5) allows after it and without the quotes that some mailers leave. */
function labelOf(charset: string | undefined): string {
  return (charset ?? "")
    .replace(/\*.*$/s, "")
    .replace(/["'\s]/g, "")
    .toLowerCase();
}

function decoded(bytes: Uint8Array, label: string, library: Library): string {
  const own = shifted.get(label.replace(/[^a-z0-9]/g, ""));
  if (own !== undefined) return own(bytes);
  // Mailers label both UTF-8 and Windows-1252 as "us-ascii".
  const known = /^(us-)?ascii$/.test(label) ? undefined : decoderOf(label);
  // As on the web, Latin-1 and its relatives are read as Windows-1252.
  if (known?.encoding === "windows-1252") return windows1252(bytes);
  if (known !== undefined && known.encoding !== "utf-8") return known.decode(bytes);
  if (known === undefined && isOfLibrary(label, library)) return library.decode(bytes, label);
  try {
    // UTF-8 that is truncated within a character is still UTF-8.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    return known === undefined ? windows1252(bytes) : known.decode(bytes);
  }
}

function isOfLibrary(label: string, library: Library): boolean {
  const bare = label.replace(/[^a-z0-9]/g, "");
  return bare !== "" && bare !== "ascii" && bare !== "usascii" && !notCharsets.has(bare) && library.encodingExists(label);
}

function windows1252(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1")
    .replace(control, (character) => western[character.charCodeAt(0) - 0x80] ?? "\ufffd");
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return label === "" ? undefined : new TextDecoder(label);
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/**
 * 7-bit charsets that neither Node nor the library knows: each is an 8-bit charset without its highest bit, switched on and off by shift sequences.
 */
const shifted: ReadonlyMap<string, (bytes: Uint8Array) => string> = new Map([
  ...["hz", "hzgb2312"].map((label) => [label, hz] as const),
  ...["iso2022kr", "csiso2022kr"].map((label) => [label, (bytes: Uint8Array) => iso2022(bytes, "euc-kr")] as const),
  ...["iso2022cn", "iso2022cnext"].map((label) => [label, (bytes: Uint8Array) => iso2022(bytes, "gbk")] as const),
]);

const tilde = 0x7e;

/** Decodes HZ (RFC 1843): `~{` begins GB 2312, `~}` ends it, `~~` is a tilde, and a tilde before a line end is dropped. */
function hz(bytes: Uint8Array): string {
  const out: number[] = [];
  let isShifted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const next = bytes[at + 1];
    if (byte === 0x0a) isShifted = false;
    if (byte === tilde && (next === 0x7b || next === 0x7d)) {
      isShifted = next === 0x7b;
      at++;
    } else if (byte === tilde && !isShifted && (next === tilde || next === 0x0a)) {
      if (next === tilde) out.push(tilde);
      at++;
    } else out.push(isShifted && byte > 0x20 ? byte | 0x80 : byte);
  }
  return new TextDecoder("gbk").decode(Uint8Array.from(out));
}

/**
 * Decodes ISO 2022 (RFC 1557 and RFC 1922): SO begins the two-byte characters, SI ends them; `ESC $ ) x` and similar sequences choose the set.
 * Planes other than the first become U+FFFD.
 */
function iso2022(bytes: Uint8Array, charset: string): string {
  const out: number[] = [];
  let isShifted = false;
  let isFirstPlane = true;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x0a) isShifted = false;
    if (byte === 0x0e || byte === 0x0f) isShifted = byte === 0x0e;
    else if (byte === 0x1b && bytes[at + 1] === 0x24 && (bytes[at + 2] ?? 0) >= 0x29 && (bytes[at + 2] ?? 0) <= 0x2b) {
      // Only `)` sets the charset that SO begins.
      if (bytes[at + 2] === 0x29) isFirstPlane = bytes[at + 3] === 0x41 || bytes[at + 3] === 0x43;
      at += 3;
    } else if (!isShifted || byte <= 0x20) out.push(byte);
    // 0xff begins no character in either charset.
    else out.push(isFirstPlane ? byte | 0x80 : 0xff);
  }
  return new TextDecoder(charset).decode(Uint8Array.from(out));
}
