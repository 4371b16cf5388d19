/** One file of an archive. */
export interface ArchivedFile {
  /** ASCII, at most 100 characters. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Returns a tar archive (POSIX ustar) in gzip. The same files give the same bytes on every machine: the archive has no times and no owners, and
 * fflate compresses in JavaScript, while the bytes of Node's zlib depend on its version and on the operating system.
 * @throws RangeError for a name that needs an extension of tar
 */
export async function tarGz(files: readonly ArchivedFile[]): Promise<Uint8Array> {
  const { gzipSync, packTar } = await import("../../libraries/tar.ts");
  const entries = files.map(({ name, bytes }) => {
    if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError(`No name for a file in an archive: ${name}`);
    return { header: { name, size: bytes.byteLength, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, body: bytes };
  });
  return gzipSync(await packTar(entries), { level: 9, mtime: 0 });
}
