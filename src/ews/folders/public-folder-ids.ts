import { unpacked } from "../../exchange/mailbox-guid.ts";

/** The root of the public folders, which has a name in requests. */
export const publicRoot = "publicfoldersroot";

// Kinds of ids in MS-OXWSITEMID.
const publicFolder = 1;
const publicFolderItem = 2;
// Length of a folder's entry id (MS-OXCDATA 2.2.4.1).
const entryLength = 46;

/**
 * Returns the id of the public folder that an id names or, for the id of an item, that contains the item. The result is always the same for the same
 * folder, unlike the server's ids, which may be compressed. Undefined for an id that is not public or cannot be shown to be.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function publicFolderOf(name: string): string | undefined {
  if (name === publicRoot) return name;
  // The first two bytes are the compression (none or some) and the kind (1 or 2). Nearly all ids have neither kind.
  if (!/^A[AQ][EI]/.test(name)) return undefined;
  // The longest id that a schema of Exchange allows has 512 bytes.
  const [packing, ...rest] = Buffer.from(name.slice(0, 700), "base64");
  const bytes = Buffer.from(packing === 0 ? rest : unpacked(rest));
  const entry =
    bytes[0] === publicFolder
      ? lengthPrefixed(bytes, 1)
      : bytes[0] === publicFolderItem
        ? lengthPrefixed(bytes, afterItem(bytes))
        : undefined;
  if (entry?.length !== entryLength) return undefined;
  return Buffer.concat([Uint8Array.of(0, publicFolder, entryLength, 0), entry]).toString("base64");
}

/** Returns the offset of the folder, after the processing byte and the item. */
function afterItem(bytes: Buffer): number {
  return bytes.length < 4 ? bytes.length : 4 + bytes.readUInt16LE(2);
}

function lengthPrefixed(bytes: Buffer, at: number): Buffer | undefined {
  if (bytes.length < at + 2) return undefined;
  const end = at + 2 + bytes.readUInt16LE(at);
  return bytes.length < end ? undefined : bytes.subarray(at + 2, end);
}
