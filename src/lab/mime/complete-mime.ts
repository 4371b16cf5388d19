import type { LabHeader } from "../store/address.ts";
import { parseEntity } from "./entity.ts";

/** Headers that a server adds to a message without them: RFC 6409 8. */
const requiredHeaders: ReadonlySet<string> = new Set(["from", "date", "message-id"]);

/** Returns the message with its missing required headers added at the top; the rest stays byte for byte. */
export function completeMime(mime: Uint8Array, headers: readonly LabHeader[]): Uint8Array {
  const present = new Set(parseEntity(mime).headers.map((header) => header.name.toLowerCase()));
  const missing = headers.filter((header) => requiredHeaders.has(header.name.toLowerCase()) && !present.has(header.name.toLowerCase()));
  return Buffer.concat([Buffer.from(missing.map(({ name, value }) => `${name}: ${value}\r\n`).join("")), mime]);
}

/** Returns the message without any header of this name; the rest stays byte for byte. */
export function withoutHeader(mime: Uint8Array, name: string): Uint8Array {
  const buffer = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength);
  const wanted = `${name.toLowerCase()}:`;
  const kept: Uint8Array[] = [];
  let at = 0;
  let dropping = false;
  while (at < buffer.length) {
    const newline = buffer.indexOf(0x0a, at);
    const next = newline < 0 ? buffer.length : newline + 1;
    const line = buffer.toString("latin1", at, Math.min(next, at + 200));
    if (/^\r?\n/.test(line)) break;
    dropping = /^[ \t]/.test(line)
      ? dropping
      : line
          .replace(/^([!-9;-~]+)[ \t]*:/, "$1:")
          .toLowerCase()
          .startsWith(wanted);
    if (!dropping) kept.push(buffer.subarray(at, next));
    at = next;
  }
  return Buffer.concat([...kept, buffer.subarray(at)]);
}
