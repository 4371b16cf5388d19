import { Failure } from "../../failure.ts";

/** Counts illegal characters that were replaced by U+FFFD. */
export interface Replacements {
  replaced: number;
  /** The count before the current tag. */
  beforeTag: number;
}

export function malformed(what: string): Failure {
  return new Failure("broken-reply", `The XML of the reply ${what}.`);
}

// Not a Char of XML 1.0 section 2.2. Surrogates are absent: valid UTF-8 cannot produce them.
const illegal = /[\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/g;
const replacement = "\uFFFD";

/** Normalises line ends by XML 1.0 section 2.11, and replaces and counts illegal characters; leaves references unchanged. */
export function plainText(raw: string, counter: Replacements): string {
  if (!/[\x00-\x08\x0B-\x1F\uFFFE\uFFFF]/.test(raw)) return raw;
  return raw.replace(/\r\n?/g, "\n").replace(illegal, () => {
    counter.replaced++;
    return replacement;
  });
}

/** Decodes references. Failure `broken-reply` for a malformed reference, or one to an entity that XML does not define. */
export function decodeReferences(text: string, counter: Replacements): string {
  let at = text.indexOf("&");
  let out = "";
  let from = 0;
  while (at >= 0) {
    const end = text.indexOf(";", at);
    if (end < 0) throw badReference();
    out += text.slice(from, at) + reference(text.slice(at + 1, end), counter);
    from = end + 1;
    at = text.indexOf("&", from);
  }
  return out + text.slice(from);
}

function reference(name: string, counter: Replacements): string {
  switch (name) {
    case "amp":
      return "&";
    case "lt":
      return "<";
    case "gt":
      return ">";
    case "quot":
      return '"';
    case "apos":
      return "'";
  }
  const [, hexadecimal, decimal] = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name) ?? [];
  const code = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : decimal !== undefined ? Number.parseInt(decimal, 10) : -1;
  if (code < 0) throw badReference();
  if (isChar(code)) return String.fromCodePoint(code);
  counter.replaced++;
  return replacement;
}

function badReference(): Failure {
  return malformed("has a reference that is malformed or to an entity that XML does not define");
}

function isChar(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/** Returns how many bytes before `end` begin a UTF-8 sequence whose rest has not arrived: 0 to 3. */
export function unfinishedUtf8(bytes: Uint8Array, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < sequenceLength(byte) ? back : 0;
  }
  return 0;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return lead <= 0xf4 ? 4 : 1;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc2 ? 2 : 1;
}

/** Node decodes text with more non-ASCII characters faster; this code is faster with fewer. */
const fewNonAscii = 8;

/**
 * Returns the text of valid UTF-8 bytes from `from` to `end` if only few of its characters are not ASCII. `source` has one character per byte;
 * before `odd` all are ASCII.
 */
export function decodeFew(source: string, bytes: Uint8Array, from: number, odd: number, end: number): string | undefined {
  let out = "";
  let run = from;
  let left = fewNonAscii;
  for (let at = odd; at < end; ) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      at++;
      continue;
    }
    if (left-- === 0) return undefined;
    const length = sequenceLength(lead);
    let code = lead & (0x7f >> length);
    for (let i = 1; i < length; i++) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
    out += source.slice(run, at) + String.fromCodePoint(code);
    at += length;
    run = at;
  }
  return out + source.slice(run, end);
}

/**
 * Replaces every invalid UTF-8 sequence in `bytes` before `end` by one byte 0, in place, and returns the new end. A zero byte is an
 * illegal character, so it becomes U+FFFD and is counted where the text that holds it is read. "Invalid sequence" is the maximal
 * subpart of the Unicode Standard, section 3.9, as in the WHATWG decoder.
 */
export function markInvalidUtf8(bytes: Uint8Array, end: number): number {
  let to = 0;
  for (let at = 0; at < end; ) {
    const lead = bytes[at] ?? 0;
    const wanted = lead < 0x80 ? 1 : sequenceLength(lead);
    let length = 1;
    while (length < wanted && at + length < end && continues(lead, length, bytes[at + length] ?? 0)) length++;
    if (lead >= 0x80 && (wanted === 1 || length < wanted)) bytes[to++] = 0;
    else for (let i = 0; i < length; i++) bytes[to++] = bytes[at + i] ?? 0;
    at += length;
  }
  return to;
}

function continues(lead: number, index: number, byte: number): boolean {
  if (index === 1) {
    if (lead === 0xe0) return byte >= 0xa0 && byte <= 0xbf;
    if (lead === 0xed) return byte >= 0x80 && byte <= 0x9f;
    if (lead === 0xf0) return byte >= 0x90 && byte <= 0xbf;
    if (lead === 0xf4) return byte >= 0x80 && byte <= 0x8f;
  }
  return byte >= 0x80 && byte <= 0xbf;
}

/**
 * Returns the first byte from `from` that needs a closer look: a control character other than TAB and LF, or one that is not ASCII; otherwise
 * `end`. Reads eight bytes at a time; `words` is the same memory as `bytes`.
 */
export function findOddByte(bytes: Uint8Array, words: Int32Array, from: number, end: number): number {
  let at = from;
  while (at < end && (at & 3) !== 0) {
    if (isOdd(bytes[at] ?? 0)) return at;
    at++;
  }
  for (const last = end - 8; at <= last; at += 8) {
    const one = words[at >> 2] ?? 0;
    const two = words[(at >> 2) + 1] ?? 0;
    // The subtraction sets a high bit for every byte below 0x20, and sometimes for its neighbour; the check of each byte corrects that.
    if (((one | (one - 0x20202020) | two | (two - 0x20202020)) & 0x80808080) !== 0) {
      for (let i = at; i < at + 8; i++) if (isOdd(bytes[i] ?? 0)) return i;
    }
  }
  for (; at < end; at++) if (isOdd(bytes[at] ?? 0)) return at;
  return end;
}

function isOdd(byte: number): boolean {
  return byte >= 0x80 || (byte < 0x20 && byte !== 0x9 && byte !== 0xa);
}
