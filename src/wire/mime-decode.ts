/** Undoes a transfer encoding piece by piece. What breaks its rules is passed over or left as it stands: it is somebody's mail, not a server's reply. */
export interface PartDecoder {
  write(piece: Buffer): Buffer;
  /** What is left when nothing more comes. */
  end(): Buffer;
}

const none = Buffer.alloc(0);

/** The decoder of a Content-Transfer-Encoding (RFC 2045, 6): one that nobody knows leaves the bytes as they are. */
export function partDecoder(encoding: string | undefined): PartDecoder {
  if (encoding === "base64") return base64Parts();
  if (encoding === "quoted-printable") return quotedPrintable();
  return { write: (piece) => piece, end: () => none };
}

const skipped = 64;
const padding = 65;
const values = new Uint8Array(256).fill(skipped);
for (const [value, character] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  values[character.charCodeAt(0)] = value;
}
values[0x3d] = padding;

/** RFC 2045, 6.8: what is not of the alphabet is passed over; padding ends a group, and another may follow. */
function base64Parts(): PartDecoder {
  let bits = 0;
  let held = 0;
  return {
    write(piece) {
      const out = Buffer.allocUnsafe(Math.ceil((piece.length * 3) / 4) + 1);
      let to = 0;
      for (const byte of piece) {
        const value = values[byte] ?? skipped;
        if (value < skipped) {
          held = ((held << 6) | value) & 0xffff;
          bits += 6;
          if (bits >= 8) {
            bits -= 8;
            out[to++] = held >> bits;
          }
        } else if (value === padding) bits = 0;
      }
      return out.subarray(0, to);
    },
    end: () => none,
  };
}

const equals = 0x3d;
/** A soft line break has no more white space before its end than this: what has more is text. */
const maxSoftBreak = 1000;

/** RFC 2045, 6.7. What is no escape stays as it is. */
function quotedPrintable(): PartDecoder {
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

/** Text in a charset as a mail names it; in one that nobody knows, or that it is not in, as UTF-8 where it is that, else as Windows-1252. */
export function decodeText(bytes: Uint8Array, charset: string | undefined): string {
  const said = decoderOf(charset?.trim());
  if (said !== undefined && said.encoding !== "utf-8") return said.decode(bytes);
  try {
    // Cut off in the middle of a character it is still UTF-8.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    return new TextDecoder(said === undefined ? "windows-1252" : "utf-8").decode(bytes);
  }
}

function decoderOf(label: string | undefined): InstanceType<typeof TextDecoder> | undefined {
  try {
    return label ? new TextDecoder(label) : undefined;
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}
