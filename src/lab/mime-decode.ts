import type { Entity } from "./mime-entity.ts";
import { decodeCharset } from "./mime-parameters.ts";

/** The content of a leaf, its transfer encoding undone. */
export function decodedBody(entity: Entity): Uint8Array {
  if (entity.transferEncoding.includes("base64")) return Buffer.from(Buffer.from(entity.body).toString("latin1"), "base64");
  if (entity.transferEncoding.includes("quoted-printable")) return decodeQuotedPrintable(entity.body);
  return entity.body;
}

export function decodedText(entity: Entity): string {
  return decodeCharset(decodedBody(entity), entity.type.parameters.get("charset") ?? "");
}

const equals = 0x3d;

/** RFC 2045 6.7. What is not valid is left as it stands. */
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

/** Bytes of a soft line break at this place: white space that transport added, then a line end (or the end of all). */
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
