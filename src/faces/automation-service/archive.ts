/** One file of an archive. */
export interface ArchivedFile {
  /** ASCII, at most 100 characters. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;

/**
 * Returns a tar archive (POSIX ustar) in gzip (RFC 1952). tar-stream and zlib are not used: the archive must have the same bytes for the same files
 * on every machine, so it has no times and no owners, and is stored rather than deflated, because zlib versions deflate differently. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
 */
export function tarGz(files: readonly ArchivedFile[]): Uint8Array {
  const entries = files.flatMap(({ name, bytes }) => [header(name, bytes.byteLength), bytes, new Uint8Array(padding(bytes.byteLength))]);
  return gzipStored(Buffer.concat([...entries, new Uint8Array(2 * block)]));
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function header(name: string, size: number): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError(`No name for a file in an archive: ${name}`);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  bytes.write(name, 0, "latin1");
  bytes.write(octal(0o644, 7), 100, "latin1");
  bytes.write(octal(0, 7), 108, "latin1");
  bytes.write(octal(0, 7), 116, "latin1");
  bytes.write(octal(size, 11), 124, "latin1");
  bytes.write(octal(0, 11), 136, "latin1");
  // The checksum is calculated with spaces in its own field.
  bytes.write(" ".repeat(8), 148, "latin1");
  bytes.write("0", 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)} `, 148, "latin1");
  return bytes;
}

// Maximum size of a stored block: its length has 16 bits.
const mostStored = 65_535;

function gzipStored(bytes: Uint8Array): Uint8Array {
  // Deflate, no name, no time, no hint about the level, unknown system.
  const parts: Uint8Array[] = [Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  for (let at = 0; at < bytes.byteLength || at === 0; at += mostStored) {
    const piece = bytes.subarray(at, at + mostStored);
    const head = Buffer.alloc(5);
    head.writeUInt8(at + mostStored >= bytes.byteLength ? 1 : 0, 0);
    head.writeUInt16LE(piece.byteLength, 1);
    head.writeUInt16LE(~piece.byteLength & 0xffff, 3);
    parts.push(head, piece);
  }
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(bytes), 0);
  end.writeUInt32LE(bytes.byteLength, 4);
  return Buffer.concat([...parts, end]);
}

/** Node has one of its own only since 20.15. Source: RFC 1952, section 8. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
