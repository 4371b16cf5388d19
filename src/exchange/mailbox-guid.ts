const byMailboxGuid = 3;
const guidLength = 36;

/**
 * The GUID of the mailbox that an id of an item or a folder names; undefined for an id of another form.
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

/** The beginning of an id as it is before compression, up to the length of its entry id; undefined for another form. */
export function readableBytes(id: string): number[] | undefined {
  // Uncompressed, what is looked at are the first 42 bytes: kind of id, length of the GUID, GUID, processing, length. Compressed they are at most half as many more.
  const [packing, ...rest] = Buffer.from(id.slice(0, 84), "base64");
  if (packing !== 0 && packing !== 1) return undefined;
  return packing === 0 ? rest : unpacked(rest);
}

/** Two equal bytes are followed by the number of further ones. */
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
