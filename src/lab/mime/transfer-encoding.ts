/** RFC 2045 6.8: a "=" that completes a group of four ends the data; bytes after it are ignored. */
export function decodeBase64(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body)
    .toString("latin1")
    .replace(/[^A-Za-z0-9+/=]/g, "");
  let data = "";
  for (const piece of text.split(/(=+)/)) {
    if (!piece.startsWith("=")) data += piece;
    else if (data.length % 4 >= 2 && (data.length % 4) + piece.length >= 4) break;
  }
  return Buffer.from(data, "base64");
}

/** Decodes from the line "begin" to the line "end" (POSIX uuencode), whatever surrounds them. Without "begin" the text stays unchanged. */
export function decodeUuencode(body: Uint8Array): Uint8Array {
  const lines = Buffer.from(body).toString("latin1").split(/\r?\n/);
  const begin = lines.findIndex((line) => /^begin [0-7]{3,4} /.test(line));
  if (begin < 0) return body;
  const out: Buffer[] = [];
  for (const line of lines.slice(begin + 1)) {
    const length = (line.charCodeAt(0) - 32) & 63;
    if (line === "" || length === 0 || line.trimEnd() === "end") break;
    // Trailing spaces stand for zeros, and mail transport removes them.
    const sixes = [...line.slice(1, 1 + Math.ceil(length / 3) * 4).padEnd(Math.ceil(length / 3) * 4, " ")].map(
      (char) => (char.charCodeAt(0) - 32) & 63,
    );
    const bits = sixes.map((six) => six.toString(2).padStart(6, "0")).join("");
    out.push(Buffer.from(Array.from({ length }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2))));
  }
  return Buffer.concat(out);
}

const equals = 0x3d;

/** RFC 2045 6.7. Invalid sequences stay unchanged. */
export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== equals) {
      out[length] = byte;
      length += 1;
      continue;
    }
    const high = hexValue(bytes[at + 1]);
    const low = hexValue(bytes[at + 2]);
    const soft = softBreak(bytes, at + 1);
    if (high >= 0 && low >= 0) {
      out[length] = high * 16 + low;
      length += 1;
      at += 2;
    } else if (soft !== undefined) at += soft;
    else {
      out[length] = byte;
      length += 1;
    }
  }
  return out.subarray(0, length);
}

/** Returns the length of a soft line break at this position: white space added by transport, then a line end (or the end of the text). */
function softBreak(bytes: Uint8Array, from: number): number | undefined {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
  if (at >= bytes.length) return at - from;
  if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at + 2 - from;
  return bytes[at] === 0x0a ? at + 1 - from : undefined;
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
