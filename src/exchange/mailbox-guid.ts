const byMailboxGuid = 3;
const guidLength = 36;

/**
 * Returns the GUID of the mailbox that an item or folder id names; undefined for an id of another form.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function mailboxGuidOf(id: string): string | undefined {
  const bytes = readableBytes(id);
  if (bytes === undefined || bytes[0] !== byMailboxGuid || bytes[1] !== guidLength || bytes[2] !== 0) return undefined;
  const guid = Buffer.from(bytes.slice(3, 3 + guidLength))
    .toString("latin1")
    .toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid) ? guid : undefined;
}

/** Returns the beginning of an id before compression, up to the length of its entry id; undefined for another form. */
export function readableBytes(id: string): number[] | undefined {
  // The needed bytes are the first 42 of the uncompressed id: kind of id, length of the GUID, GUID, processing, length. Compression makes them at
  // most half as long again.
  const [packing, ...rest] = Buffer.from(id.slice(0, 84), "base64");
  if (packing !== 0 && packing !== 1) return undefined;
  return packing === 0 ? rest : unpacked(rest);
}

/** Undoes the compression of an id: two equal bytes are followed by the number of further repetitions. */
export function unpacked(packed: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < packed.length; at++) {
    const byte = packed[at] ?? 0;
    bytes.push(byte);
    if (packed[at + 1] !== byte) continue;
    const more = packed[at + 2] ?? 0;
    for (let count = 0; count <= more; count++) bytes.push(byte);
    at += 2;
  }
  return bytes;
}
