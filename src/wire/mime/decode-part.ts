/** Decodes a transfer encoding piece by piece. Invalid input is skipped or left unchanged: it is a stranger's message, not a server's reply. */
export interface PartDecoder {
  write(piece: Buffer): Buffer;
  /** Returns the rest at the end of the input. */
  end(): Buffer;
}

const none = Buffer.alloc(0);
const LF = 0x0a;

/** Returns the decoder of a Content-Transfer-Encoding (RFC 2045, 6). An unknown encoding leaves the bytes unchanged. */
export function openPartDecoder(encoding: string | undefined): PartDecoder {
  if (encoding === "base64") return base64PartDecoder();
  if (encoding === "quoted-printable") return quotedPrintableDecoder();
  if (encoding !== undefined && uuencodings.has(encoding)) return uuencodeDecoder();
  return { write: (piece) => piece, end: () => none };
}

const skipped = 64;
const padding = 65;
const values = new Uint8Array(256).fill(skipped);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  values[character.charCodeAt(0)] = value;
}
values[0x3d] = padding;

/**
 * Decodes Base64 (RFC 2045, 6.8). Skips characters outside the alphabet. Padding that completes a group ends the content, as in Python: a footer
 * that a mailing list appended is not content.
 */
function base64PartDecoder(): PartDecoder {
  let bits = 0;
  let held = 0;
  /** Characters of the current group, and its padding. */
  let characters = 0;
  let pads = 0;
  let isOver = false;
  return {
    write(piece) {
      if (isOver) return none;
      const out = Buffer.allocUnsafe(Math.ceil((piece.length * 3) / 4) + 1);
      let to = 0;
      for (const byte of piece) {
        const value = values[byte] ?? skipped;
        if (value < skipped) {
          held = ((held << 6) | value) & 0xffff;
          bits += 6;
          pads = 0;
          characters = (characters + 1) % 4;
          if (bits >= 8) {
            bits -= 8;
            out[to++] = held >> bits;
          }
        } else if (value === padding && characters >= 2) {
          pads += 1;
          isOver = characters + pads >= 4;
          if (isOver) break;
        }
      }
      return out.subarray(0, to);
    },
    end: () => none,
  };
}

const uuencodings: ReadonlySet<string> = new Set(["x-uuencode", "x-uue", "uuencode", "uue"]);
/** Only a few lines precede the line "begin". Without that line the content is returned unchanged. */
const maxBeforeBegin = 4 * 1024;
/** A line has 61 or 62 characters, with some encoders 85. A longer line is not uuencode. */
const maxUuLine = 1000;

/** Decodes uuencode (POSIX), from the line "begin" to the line "end". */
function uuencodeDecoder(): PartDecoder {
  let rest: Buffer = none;
  let state: "before" | "lines" | "after" | "raw" = "before";

  function read(all: Buffer, isEnd: boolean): Buffer {
    const out: Buffer[] = [];
    let at = 0;
    const begin = state === "before" ? beginIn(all) : undefined;
    if (begin !== undefined) {
      state = "lines";
      at = begin;
    }
    if (state === "before" && (isEnd || all.length > maxBeforeBegin)) state = "raw";
    if (state === "raw") out.push(all);
    if (state === "raw" || state === "after") at = all.length;
    while (state === "lines" && at < all.length) {
      const lf = all.indexOf(LF, at);
      if (lf < 0 && !isEnd && all.length - at < maxUuLine) break;
      const end = lf < 0 ? all.length : lf;
      const line = all.subarray(at, Math.min(end, at + maxUuLine));
      at = lf < 0 ? all.length : lf + 1;
      const length = ((line[0] ?? 0x20) - 0x20) & 0x3f;
      if (length === 0 || /^end\s*$/.test(line.toString("latin1"))) {
        state = "after";
        at = all.length;
      } else out.push(uuLine(line, length));
    }
    // A copy: the source may reuse its memory.
    rest = Buffer.from(all.subarray(at));
    return out.length === 1 ? (out[0] ?? none) : Buffer.concat(out);
  }

  return {
    write: (piece) => read(rest.length === 0 ? piece : Buffer.concat([rest, piece]), false),
    end: () => read(rest, true),
  };
}

/** Returns the position of the line after "begin". */
function beginIn(bytes: Buffer): number | undefined {
  const found = /(?:^|\n)begin [0-7]{3,4} [^\n]{0,1000}\n/.exec(bytes.toString("latin1"));
  return found === null ? undefined : found.index + found[0].length;
}

/** Decodes one line. Trailing spaces that a transport removed are zeros. */
function uuLine(line: Buffer, length: number): Buffer {
  const out = Buffer.alloc(length);
  const value = (at: number): number => {
    const byte = line[at] ?? 0x20;
    return byte < 0x20 ? 0 : (byte - 0x20) & 0x3f;
  };
  for (let to = 0, at = 1; to < length; to += 3, at += 4) {
    const group = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
    out[to] = group >> 16;
    if (to + 1 < length) out[to + 1] = (group >> 8) & 0xff;
    if (to + 2 < length) out[to + 2] = group & 0xff;
  }
  return out;
}

const equals = 0x3d;
/** A soft line break has at most this much white space before its end. With more it is text. */
const maxSoftBreak = 1000;

/** Decodes quoted-printable (RFC 2045, 6.7). Invalid escapes stay unchanged. */
function quotedPrintableDecoder(): PartDecoder {
  let rest: Buffer = none;
  return {
    write(piece) {
      const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      const last = all.lastIndexOf(equals);
      const tail = last < 0 ? none : all.subarray(last + 1);
      const mayGoOn = last >= 0 && (tail.length < 2 || (tail.length < maxSoftBreak && tail.every(isSpace)));
      const cut = mayGoOn ? last : all.length;
      rest = Buffer.from(all.subarray(cut));
      return unescaped(all.subarray(0, cut));
    },
    end: () => unescaped(rest),
  };
}

function unescaped(bytes: Buffer): Buffer {
  if (!bytes.includes(equals)) return bytes;
  const text = bytes
    .toString("latin1")
    .replace(/=(?:([0-9A-Fa-f]{2})|[ \t]*(?:\r?\n|$))/g, (_, hex: string | undefined) =>
      hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(text, "latin1");
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
