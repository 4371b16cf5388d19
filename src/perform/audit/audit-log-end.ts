import { createHash, randomBytes } from "node:crypto";
import { rename, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { errorCode, Failure } from "../../failure.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { openRegular } from "../../files/regular-file.ts";
import { parseJson } from "../../text/parse-json.ts";

/** The end of an audit log as its last writer left it. */
export interface AuditHead {
  readonly entries: number;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the last entry, hexadecimal. */
  readonly hash: string;
}

/** Where writers keep the end of a log, away from the log: who can only write the log cannot write this. */
export interface AuditHeads {
  /** What a person knows the place by. */
  readonly place: string;
  /** Undefined when none was kept yet. */
  read(): Promise<AuditHead | undefined>;
  write(head: AuditHead): Promise<void>;
}

const Head = z.object({ entries: z.int().nonnegative(), bytes: z.int().nonnegative(), hash: z.string().regex(/^[0-9a-f]{64}$/) });

/** The end of `log` in a file of `folder`, which has one file for each log (0600, the folder 0700). */
export function openHeadFile(folder: string, log: string): AuditHeads {
  const path = join(folder, `${createHash("sha256").update(log).digest("hex").slice(0, 32)}.json`);
  return {
    place: path,
    async read() {
      const text = await readText(path).catch((thrown: unknown) => {
        if (errorCode(thrown) === "ENOENT") return undefined;
        throw thrown;
      });
      if (text === undefined) return undefined;
      const head = Head.safeParse(parseJson(text)).data;
      if (head === undefined) {
        throw new Failure("audit-failed", "The file that should hold the end of the audit log does not.", {
          local: path,
          hint: "Find out who changed it. Then continue the log: mailcordon audit accept --reason TEXT",
        });
      }
      return head;
    },
    async write(head) {
      await makeFolder(dirname(path), 0o700);
      const made = `${path}.${randomBytes(6).toString("hex")}`;
      try {
        await writeFile(made, `${JSON.stringify({ log, ...head })}\n`, { mode: 0o600, flag: "wx" });
        await rename(made, path);
      } catch (thrown) {
        // On a full disk each attempt would leave one.
        await unlink(made).catch(() => undefined);
        throw thrown;
      }
    },
  };
}

async function readText(path: string): Promise<string> {
  const file = await openRegular(path);
  try {
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
