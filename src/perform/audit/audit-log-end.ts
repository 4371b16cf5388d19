import { createHash, randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { errorCode, Failure } from "../../failure.ts";
import { makeFolderSync } from "../../files/make-folder.ts";
import { readRegularSync } from "../../files/regular-file.ts";
import { parseJson } from "../../text/parse-json.ts";

/** The end of an audit log as its last writer left it. */
export interface AuditHead {
  readonly entries: number;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the last entry, hexadecimal. */
  readonly hash: string;
}

/** Where writers store the end of a log, separately: an attacker who can only write the log cannot write this. */
export interface AuditHeads {
  /** Name of the place, for people. */
  readonly place: string;
  /** Undefined if none was stored yet. */
  read(): Promise<AuditHead | undefined>;
  write(head: AuditHead): Promise<void>;
}

const Head = z.object({ entries: z.int().nonnegative(), bytes: z.int().nonnegative(), hash: z.string().regex(/^[0-9a-f]{64}$/) });

/** Stores the end of `log` in `folder`, which has one file for each log (0600, the folder 0700). */
export function openHeadFile(folder: string, log: string): AuditHeads {
  const path = join(folder, `${createHash("sha256").update(log).digest("hex").slice(0, 32)}.json`);
  return {
    place: path,
    async read() {
      const text = textAt(path);
      if (text === undefined) return undefined;
      const head = Head.safeParse(parseJson(text)).data;
      if (head === undefined) {
        throw new Failure("audit-failed", "The file that should contain the end of the audit log does not contain it.", {
          local: path,
          hint: "Find out who changed it. Then continue the log: mailcordon audit accept --reason TEXT",
        });
      }
      return head;
    },
    async write(head) {
      const text = `${JSON.stringify({ log, ...head })}\n`;
      try {
        replaceFile(path, text);
      } catch (thrown) {
        if (errorCode(thrown) !== "ENOENT") throw thrown;
        makeFolderSync(dirname(path), 0o700);
        replaceFile(path, text);
      }
    },
  };
}

// Synchronous, as `openPrivateFiles` is: it is one small local file, and a thread switch for each of its ten steps cost a call 1 ms.

function textAt(path: string): string | undefined {
  try {
    return readRegularSync(path).toString("utf8");
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

/** Writes beside the file and renames, so a reader never sees a partial file. */
function replaceFile(path: string, text: string): void {
  const made = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(made, text, { mode: 0o600, flag: "wx" });
    renameSync(made, path);
  } catch (thrown) {
    // On a full disk each attempt would leave a temporary file.
    try {
      rmSync(made, { force: true });
    } catch {
      // The first error is the one to report.
    }
    throw thrown;
  }
}
