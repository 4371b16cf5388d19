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

/** RFC 2045, 6.8: what is not of the alphabet is passed over; padding ends a group, and another may follow. */
function base64Parts(): PartDecoder {
  let rest = "";
  const decoded = (text: string) => Buffer.from(text, "base64");
  return {
    write(piece) {
      const groups = piece
        .toString("latin1")
        .replace(/[^A-Za-z0-9+/=]+/g, "")
        .split(/=+/);
      const last = groups.pop() ?? "";
      const ended = groups.map((group) => {
        const whole = rest + group;
        rest = "";
        return decoded(whole);
      });
      const open = rest + last;
      const length = open.length - (open.length % 4);
      rest = open.slice(length);
      return ended.length === 0 ? decoded(open.slice(0, length)) : Buffer.concat([...ended, decoded(open.slice(0, length))]);
    },
    end: () => decoded(rest),
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
