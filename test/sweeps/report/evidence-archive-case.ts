import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromBuffer } from "yauzl";
import { ZipFile } from "yazl";
import type { Backend } from "../../actions/lab-host.ts";
import { openSweepFixture, type Printed, type SweepFixture } from "../sweep-fixture.ts";

/** Why nothing can be verified by Python here; undefined if it can. */
export const noPython = spawnSync("python3", ["--version"]).status === 0 ? undefined : "there is no python3";
export const messageId = "<campaign.7@mailer.example.net>";
const hostile = '../../../evil\u202egpj.eml"><script>alert(1)</script>\r\n=1+1';

export const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** Reads the files of a zip as an independent reader finds them. */
export function filesOf(zip: Buffer): Promise<Map<string, Buffer>> {
  return new Promise((resolve, reject) => {
    const files = new Map<string, Buffer>();
    fromBuffer(zip, { lazyEntries: true }, (failed, opened) => {
      if (failed) return reject(failed);
      opened.on("error", reject);
      opened.on("end", () => resolve(files));
      opened.on("entry", (entry) =>
        opened.openReadStream(entry, (thrown, stream) => {
          if (thrown) return reject(thrown);
          if (files.has(entry.fileName)) return reject(new Error(`${entry.fileName} is there twice`));
          const pieces: Buffer[] = [];
          stream.on("data", (piece: Buffer) => pieces.push(piece));
          stream.on("end", () => {
            files.set(entry.fileName, Buffer.concat(pieces));
            opened.readEntry();
          });
        }),
      );
      opened.readEntry();
    });
  });
}

/** Writes a zip of these files, as somebody else would. */
export function zipOf(files: Iterable<readonly [string, Buffer]>, to: string): Promise<void> {
  const zip = new ZipFile();
  for (const [name, bytes] of files) zip.addBuffer(bytes, name);
  zip.end();
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    zip.outputStream.on("data", (piece: Buffer) => pieces.push(piece));
    zip.outputStream.on("end", () => {
      writeFileSync(to, Buffer.concat(pieces));
      resolve();
    });
  });
}

interface Verified {
  readonly status: number | null;
  readonly told: string;
}

export type Change = (files: Map<string, Buffer>) => Iterable<readonly [string, Buffer]>;

/** A sweep that was run and undone, and its archive. */
export interface ArchiveCase {
  readonly fixture: SweepFixture;
  readonly sweep: string;
  /** What `sweep archive` printed. */
  readonly made: Printed;
  readonly file: string;
  readonly files: ReadonlyMap<string, Buffer>;
  bytesOf(name: string): Buffer;
  // A test reads of it what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: a file of the archive
  json(name: string): any;
  /** Runs a verifier that was not taken out of the archive that it checks. */
  verify(...words: readonly string[]): Verified;
  /** Changes the archive, and verifies it as a zip and as a folder. */
  tampered(change: Change, ...noted: readonly string[]): Promise<{ readonly asZip: Verified; readonly asFolder: Verified }>;
}

export async function openArchiveCase(backend: Backend): Promise<ArchiveCase> {
  const fixture = await openSweepFixture(backend);
  for (const person of ["user01", "user02", "user03"]) {
    const address = `${person}@example.com`;
    fixture.host.put(address, { internetMessageId: messageId, subject: `${hostile} ${person}` });
    fixture.host.put(address, { internetMessageId: messageId, subject: `Your invoice ${person}` });
  }
  const people = "user01@example.com,user02@example.com,user03@example.com";
  const planned = await fixture.sweep(
    ...["plan", "--internet-message-id", messageId, "--mailboxes", people, "--then", "delete-email", "--keep-evidence"],
  );
  const { sweep } = planned;
  await fixture.sweep("run", sweep, "--plan", planned.plan_hash, "--yes");
  // What belongs into no other archive: an entry of another sweep between those of this one.
  const other = await fixture.sweep(
    ...["plan", "--internet-message-id", "<other@mailer.example.net>", "--mailboxes", people, "--then", "junk-mail"],
  );
  await fixture.sweep("approve", other.sweep, "--plan", other.plan_hash);
  await fixture.sweep("undo", sweep, "--yes");
  const file = join(fixture.folder, "case.zip");
  const made = await fixture.sweep("archive", sweep, "--output", file);
  const files = await filesOf(readFileSync(file));
  const trusted = join(fixture.folder, "trusted.py");
  writeFileSync(trusted, files.get("verify.py") ?? "");
  const verify = (...words: readonly string[]): Verified => {
    const { status, stdout, stderr } = spawnSync("python3", [trusted, ...words], { encoding: "utf8" });
    return { status, told: `${stdout}${stderr}` };
  };
  return {
    ...{ fixture, sweep, made, file, files, verify },
    bytesOf: (name) => files.get(name) ?? Buffer.alloc(0),
    json: (name) => JSON.parse(String(files.get(name))),
    async tampered(change, ...noted) {
      const changed = [...change(new Map(files))];
      const zip = join(fixture.folder, "tampered.zip");
      await zipOf(changed, zip);
      const asZip = verify(zip, ...noted);
      const folder = join(fixture.folder, "tampered");
      rmSync(folder, { recursive: true, force: true });
      for (const [name, bytes] of changed) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), bytes);
      }
      return { asZip, asFolder: verify(folder, ...noted) };
    },
  };
}
