import { unpacked } from "../../exchange/mailbox-guid.ts";

/** The root of the public folders, which has a name in requests. */
export const publicRoot = "publicfoldersroot";

// Kinds of ids of MS-OXWSITEMID.
const publicFolder = 1;
const publicFolderItem = 2;
// A folder's entry id: MS-OXCDATA 2.2.4.1.
const entryLength = 46;

/**
 * The public folder that this is, or in which this lies: the id of an item names its folder, too. It is always the same id for the same folder,
 * which the server's own need not be: they may be compressed. Undefined for what is not public, or cannot be told to be.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function publicFolderOf(name: string): string | undefined {
  if (name === publicRoot) return name;
  // Compression (none or some) and kind (1 or 2) are the first two bytes. Nearly every id is neither.
  if (!/^A[AQ][EI]/.test(name)) return undefined;
  // The longest id that a schema of Exchange allows is 512 bytes long.
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

/** Where the folder begins, behind the processing byte and the item. */
function afterItem(bytes: Buffer): number {
  return bytes.length < 4 ? bytes.length : 4 + bytes.readUInt16LE(2);
}

function lengthPrefixed(bytes: Buffer, at: number): Buffer | undefined {
  if (bytes.length < at + 2) return undefined;
  const end = at + 2 + bytes.readUInt16LE(at);
  return bytes.length < end ? undefined : bytes.subarray(at + 2, end);
}
