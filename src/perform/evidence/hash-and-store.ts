import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Digests, EvidenceDetails, EvidenceStore, InlineContent, Kept } from "../../catalogue/action-definition.ts";
import { errorCode, Failure } from "../../failure.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { openRegular } from "../../files/regular-file.ts";
import { safeFileName, withSuffix } from "../../files/safe-file-name.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { composeUnicode } from "../../text/unicode-form.ts";

/** Maximum size held in memory if the caller sets no limit: about the size that Exchange Online allows for one message by default. Bytes. */
const holdAtMost = 25 * 1024 * 1024;

const fallbackName = "unnamed";
/** The file that describes each file in a folder of evidence, with one line of JSON for each. */
export const indexName = "index.jsonl";
/** The folder below it for files that messages named. mailcordon looks for none of its own files there. */
export const filesFolder = "files";
// O_NOFOLLOW is absent on Windows, where making symbolic links needs a privilege.
const noFollow = constants.O_NOFOLLOW ?? 0;
const fresh = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow;

/**
 * Keeps bytes below a folder: `<folder>/files/<safe name>`, a name that is taken by other bytes, also where case is ignored, gets a piece of the SHA-256
 * before its extension, the same bytes under the same name are kept once. `index.jsonl` has one line for each: time, file, name in the mail, size, hashes, source.
 * Files are readable by their owner only (0600, folders 0700), written under a temporary name, flushed, then renamed; nothing is overwritten.
 * The folder is made when it is first needed.
 */
export function openEvidence(directory: string, now: () => Date = () => new Date()): EvidenceStore {
  const folder = resolve(directory);
  const names = openNames(join(folder, filesFolder));
  return {
    keep: (bytes, about) => keep(folder, now, bytes, about, names),
    hold,
  };
}

/** The files of a folder, each by what a file system takes for its name that ignores case, as those of Windows and macOS do. */
type Names = Map<string, string>;

/** Reads them once, and again when they were forgotten: a server may keep more of them than are worth their memory. */
function openNames(folder: string): () => Promise<Names> {
  let known: WeakRef<Names> | undefined;
  let reading: Promise<Names> | undefined;
  const read = async () => {
    try {
      const names = new Map((await readdir(folder)).map((name) => [foldName(name), name]));
      known = new WeakRef(names);
      return names;
    } finally {
      reading = undefined;
    }
  };
  return async () => {
    const held = known?.deref();
    if (held !== undefined) return held;
    reading ??= read();
    return reading;
  };
}

/** Returns the same text for names that some file system treats as one: file systems ignore case in several ways, and this covers all of them. */
function foldName(name: string): string {
  return composeUnicode(composeUnicode(name).toUpperCase().toLowerCase());
}

async function keep(
  folder: string,
  now: () => Date,
  bytes: AsyncIterable<Uint8Array>,
  about: EvidenceDetails,
  names: () => Promise<Names>,
): Promise<Kept> {
  const { digested, partial } = await writePartial(folder, bytes, about);
  try {
    return await asEvidenceFailure("keep the evidence", folder, async () => {
      const path = await nameFile(join(folder, filesFolder), partial, digested, await names());
      await appendToIndex(folder, {
        time: now().toISOString(),
        file: `${filesFolder}/${basename(path)}`,
        name: about.name,
        ...digested,
        source: about.source,
      });
      return { ...digested, file_ref: path };
    });
  } catch (thrown) {
    await unlinkIfThere(partial);
    throw thrown;
  }
}

/** Bytes that lie flushed in a temporary file, and their hashes. */
export interface Written {
  readonly digested: Digests;
  /** Path of the file. The caller renames or removes it. */
  readonly partial: string;
}

/** Writes the bytes into a temporary file below the folder. Throws Failure `evidence-failed`, or what the stream throws; then no file is left. */
export async function writePartial(folder: string, bytes: AsyncIterable<Uint8Array>, about: EvidenceDetails): Promise<Written> {
  const files = join(folder, filesFolder);
  const partial = join(files, `.partial-${randomBytes(12).toString("hex")}`);
  const file = await asEvidenceFailure("make the evidence folder", folder, async () => {
    // One by one: parents may be open for others to pass.
    await makeFolder(folder, 0o700);
    await makeFolder(files, 0o700);
    return await open(partial, fresh, 0o600);
  }).catch(async (thrown) => {
    await endUnread(bytes);
    throw thrown;
  });
  try {
    const writer = openBufferedWriter(file);
    const digested = await digest(bytes, about, (chunk) => asEvidenceFailure("write the evidence", folder, () => writer.add(chunk)));
    await asEvidenceFailure("flush the evidence", folder, async () => {
      await writer.flush();
      await file.sync();
    });
    await about.confirm?.(digested);
    await asEvidenceFailure("close the evidence", folder, () => file.close());
    return { digested, partial };
  } catch (thrown) {
    await file.close().catch(() => undefined);
    await unlinkIfThere(partial);
    throw thrown;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((thrown: unknown) => {
    if (errorCode(thrown) !== "ENOENT") throw thrown;
  });
}

/**
 * Ends a download that nobody reads: otherwise it keeps its connection for a minute, and the next call waits for the connection. A stream that has not begun
 * cannot end.
 */
async function endUnread(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of bytes) return;
  } catch {
    // It failed by itself, and has ended.
  }
}

export async function hold(bytes: AsyncIterable<Uint8Array>, about: EvidenceDetails): Promise<InlineContent> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let checked = 0;
  const digested = await digest(bytes, { ...about, maxBytes: about.maxBytes ?? holdAtMost }, async (chunk) => {
    size += chunk.byteLength;
    if (size - checked > gatherBytes) {
      demandMemory(size);
      checked = size;
    }
    // A copy: the giver may use its buffer again.
    chunks.push(Uint8Array.from(chunk));
  });
  return { ...digested, base64: Buffer.concat(chunks).toString("base64") };
}

/**
 * Base64 has four bytes for three, and converting it to JSON makes two more copies in V8's heap. The texts already held are copied as well; until then they
 * are outside the heap. Without the space V8 ends the process, and no caller gets an answer. Throws Failure `too-large`.
 */
function demandMemory(size: number): void {
  const { heap_size_limit, used_heap_size, external_memory } = process.getBuiltinModule("node:v8").getHeapStatistics();
  // The limit includes the young generation, which contains no large texts: three semi-spaces of 64 MiB since Node.js 24, of 16 MiB before.
  const old = heap_size_limit - Math.min(3 * 64 * 1024 * 1024, (2 / 3) * heap_size_limit);
  if (4 * size + 2 * external_memory <= old - used_heap_size) return;
  throw new Failure("too-large", "There is not enough memory to return this as base64.", {
    hint: "Request it as a file (as: file), or give the Node.js process more memory.",
  });
}

/** Reads to the end, hashing on the way. Throws what the stream or the sink throws, or Failure `too-large`. */
async function digest(
  bytes: AsyncIterable<Uint8Array>,
  about: EvidenceDetails,
  sink: (chunk: Uint8Array) => Promise<void>,
): Promise<Digests> {
  const md5 = createHash("md5");
  const sha1 = createHash("sha1");
  const sha256 = createHash("sha256");
  const sha512 = about.sha512 === true ? createHash("sha512") : undefined;
  const limit = about.maxBytes ?? Number.POSITIVE_INFINITY;
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > limit) throw new Failure("too-large", `The content has more than ${limit} bytes. Raise max_bytes to get it.`);
    for (const hash of [md5, sha1, sha256]) hash.update(chunk);
    sha512?.update(chunk);
    await sink(chunk);
  }
  return {
    safe_name: safeFileName(about.name, fallbackName),
    size,
    md5: md5.digest("hex"),
    sha1: sha1.digest("hex"),
    sha256: sha256.digest("hex"),
    ...(sha512 ? { sha512: sha512.digest("hex") } : {}),
  };
}

/** A reply arrives in pieces of some 48 KiB, and each write to the disk waits for a thread; collecting 1 MiB makes writes rare. Bytes. */
const gatherBytes = 1024 * 1024;

/** Writes in large pieces. The caller may reuse the added bytes. */
function openBufferedWriter(file: FileHandle): { add(chunk: Uint8Array): Promise<void>; flush(): Promise<void> } {
  let gathered: Buffer | undefined;
  let filled = 0;
  const flush = async () => {
    if (gathered !== undefined && filled > 0) await writeAll(file, gathered.subarray(0, filled));
    filled = 0;
  };
  return {
    add: async (chunk) => {
      if (filled + chunk.byteLength > gatherBytes) await flush();
      if (chunk.byteLength >= gatherBytes) return writeAll(file, chunk);
      gathered ??= Buffer.allocUnsafeSlow(gatherBytes);
      gathered.set(chunk, filled);
      filled += chunk.byteLength;
    },
    flush,
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.byteLength) at += (await file.write(chunk, at)).bytesWritten;
}

/** Gives the temporary file its final name. Returns its path, or that of the file with the same bytes and the same name. */
async function nameFile(folder: string, partial: string, kept: Digests, names: Names): Promise<string> {
  const candidates = [
    kept.safe_name,
    withSuffix(kept.safe_name, `-${kept.sha256.slice(0, 8)}`),
    withSuffix(kept.safe_name, `-${kept.sha256}`),
  ];
  for (const candidate of candidates) {
    const alike = names.get(foldName(candidate)) ?? candidate;
    const path = join(folder, alike);
    // Record the name before the file exists, for files that are kept at the same time.
    names.set(foldName(candidate), alike);
    if (alike === candidate && (await linkUnlessTaken(partial, path))) {
      await flushFolder(folder);
      return path;
    }
    if (await hasBytes(path, kept)) {
      await unlink(partial);
      return path;
    }
  }
  await unlink(partial);
  throw new Failure("evidence-failed", "Every file name for the evidence is taken by other content.", { local: folder });
}

/** Gives the temporary file this name unless the name is taken, even by a dangling link. */
async function linkUnlessTaken(partial: string, path: string): Promise<boolean> {
  try {
    await link(partial, path);
    await unlink(partial);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errorCode(thrown) ?? "")) throw thrown;
  }
  // A file system without hard links (FAT, some shares): the name is taken by an empty file that only we can have made.
  try {
    await (await open(path, fresh, 0o600)).close();
    await rename(partial, path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST" || errorCode(thrown) === "ELOOP") return false;
    throw thrown;
  }
}

async function hasBytes(path: string, kept: Digests): Promise<boolean> {
  const stats = await lstat(path).catch((thrown: unknown) => {
    // One that was taken away since, or is not there yet.
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  });
  if (stats === undefined || !stats.isFile() || stats.size !== kept.size) return false;
  const file = await openRegular(path, constants.O_RDONLY | noFollow);
  try {
    const sha256 = createHash("sha256");
    // One piece of memory for all of it: a stream takes a new one for each read, and a large file has many.
    const piece = Buffer.allocUnsafeSlow(gatherBytes);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return sha256.digest("hex") === kept.sha256;
      sha256.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** A renamed file survives a power cut only when its folder is flushed, too. Windows knows no such thing. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function appendToIndex(folder: string, line: Readonly<Record<string, unknown>>): Promise<void> {
  const append = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | noFollow;
  const index = await openRegular(join(folder, indexName), append, 0o600);
  try {
    const { size } = await index.stat();
    const last = Buffer.alloc(1);
    const isTorn = size > 0 && (await index.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== 0x0a;
    // A full disk may have cut a line: this one must not become its end.
    await writeAll(index, Buffer.from(`${isTorn ? "\n" : ""}${harmlessJson(line)}\n`));
  } finally {
    await index.close();
  }
}

/** Errors of a store that has no room for more. */
const noSpace: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file may not grow further",
};

async function asEvidenceFailure<T>(what: string, folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const code = errorCode(thrown) ?? "unknown error";
    const why = noSpace[code];
    throw new Failure("evidence-failed", `Could not ${what}${why === undefined ? "" : `: ${why}`} (${code}).`, {
      ...{ local: folder, cause: thrown },
      hint: why === undefined ? undefined : "Free space where the evidence is kept, then repeat the call for the messages that failed.",
    });
  }
}
