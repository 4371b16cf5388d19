import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { asFailure, Failure } from "../../../failure.ts";
import { makeFolder } from "../../../files/make-folder.ts";
import type { Archived } from "../../../sweeps/report/evidence-archive.ts";
import { sweepCallerOf } from "../../sweep-caller.ts";
import type { AppContext } from "../app-context.ts";
import { demandRole } from "../callers/authentication.ts";
import { revokedMeanwhile } from "../callers/revoked-keys.ts";
import { errorLine } from "../error-line.ts";
import { disposition } from "../evidence-links.ts";
import { queryOf } from "../query.ts";
import { answer, noOtherMethod } from "../respond.ts";
import { streamOf } from "./evidence.ts";

/**
 * The evidence archive of a sweep. It is written to the disk first, so its hash and its size are known and a failure is an answer. A caller that may not
 * see the sweep gets nothing; a sweep that it may see has only messages of its mailboxes.
 */
export function sweepArchiveRoute({ app, calls, evidence, log, sweeps, sweepService: service }: AppContext): void {
  if (service === undefined || sweeps === undefined) return;
  const path = "/v1/sweeps/:id/archive";
  app.get(path, async (c) => {
    queryOf(c, []);
    const caller = c.get("caller");
    // It has the bytes of evidence, which need this role everywhere.
    demandRole(caller, "read");
    if (c.req.method === "HEAD") throw new Failure("invalid-input", "Get the archive: each request writes a new one.");
    const place = calls.admitCall(caller, "read", c.get("requestId"));
    if ("refused" in place) return answer(place.refused);
    try {
      const id = c.req.param("id");
      await makeFolder(sweeps.archiveFolder, 0o700);
      const output = join(sweeps.archiveFolder, `${randomBytes(12).toString("hex")}.zip`);
      const made = await service.archive(id, sweepCallerOf(caller), { evidence, auditFile: sweeps.auditFile, output });
      const broken = (thrown: unknown) => {
        log.error(errorLine(asFailure(thrown), c.get("requestId")));
        // The head was sent already.
        c.env.outgoing?.destroy();
      };
      const file = await openNameless(made.file);
      // A client that goes before the first byte reads nothing to its end.
      c.env.outgoing?.once("close", () => {
        place.leave();
        void file.close().catch(() => undefined);
      });
      const isRevoked = () => calls.revocations.has(caller.id);
      return new Response(streamOf(piecesOf(file, isRevoked), broken, place.leave), { headers: headersOf(id, made) });
    } catch (thrown) {
      place.leave();
      throw thrown;
    }
  });
  noOtherMethod(app, path, "GET");
}

function headersOf(id: string, { size, sha256, manifestSha256, notKnown }: Archived): Readonly<Record<string, string>> {
  return {
    "content-type": "application/zip",
    "content-disposition": disposition(`sweep-${id}.zip`),
    "content-length": String(size),
    "content-security-policy": "sandbox; default-src 'none'",
    // RFC 9530; the other three are for people and scripts, who compare hexadecimal texts.
    "repr-digest": `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
    "mailcordon-sha256": sha256,
    "mailcordon-manifest-sha256": manifestSha256,
    "mailcordon-not-known": String(notKnown.length),
  };
}

/** Opens a file and removes its name: the file disappears when it is closed, or when this process dies. */
async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path);
  await unlink(path);
  return file;
}

async function* piecesOf(file: FileHandle, isRevoked: () => boolean): AsyncGenerator<Uint8Array> {
  for await (const piece of file.createReadStream()) {
    if (isRevoked()) throw revokedMeanwhile();
    yield piece;
  }
}
