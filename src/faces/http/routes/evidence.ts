import { createHash } from "node:crypto";
import { asFailure, Failure } from "../../../failure.ts";
import { appendRead, evidenceEntry } from "../../../perform/audit/read-entry.ts";
import type { EvidenceCopy } from "../../../perform/evidence/evidence-index.ts";
import type { AppContext } from "../app-context.ts";
import { type Caller, demandRole } from "../callers/authentication.ts";
import { revokedMeanwhile } from "../callers/revoked-keys.ts";
import { errorLine } from "../error-line.ts";
import { disposition, evidenceFor } from "../evidence-links.ts";
import { queryOf } from "../query.ts";
import { answer, noOtherMethod } from "../respond.ts";

/** Bytes that were kept, by their hash. */
export function evidenceRoutes({ app, calls, connections, evidence, log }: AppContext): void {
  /** Returns evidence that the caller may read, after writing its audit entry. Throws Failure `not-found`, `audit-failed`. */
  const auditedCopy = async (caller: Caller, sha256: string): Promise<EvidenceCopy> => {
    const found = /^[0-9a-f]{64}$/.test(sha256) ? await evidenceFor(caller, evidence, sha256) : undefined;
    if (found === undefined) {
      const hint = "Use the SHA-256 of an answer, with an API key that includes the mailbox it came from.";
      throw new Failure("not-found", "There is no such evidence.", { hint });
    }
    const host = await calls.hostFor(caller, connectionOf(found, connections));
    if (host.auditsReads === true) await appendRead(host.audit, evidenceEntry({ actor: caller.id, sha256, ...found }));
    return found;
  };

  app.get("/v1/evidence/:sha256", async (c) => {
    queryOf(c, []);
    const caller = c.get("caller");
    demandRole(caller, "read");
    const place = calls.admitCall(caller, "read", c.get("requestId"));
    if ("refused" in place) return answer(place.refused);
    const sha256 = c.req.param("sha256").toLowerCase();
    const found = await auditedCopy(caller, sha256).catch((thrown) => {
      place.leave();
      throw thrown;
    });
    const headers = {
      // Never the claimed type: the content came from an attacker.
      "content-type": "application/octet-stream",
      "content-disposition": disposition(found.name),
      "content-length": String(found.size),
      "content-security-policy": "sandbox; default-src 'none'",
    };
    const isRevoked = () => calls.revocations.has(caller.id);
    const broken = (thrown: unknown) => {
      log.error(errorLine(asFailure(thrown), c.get("requestId")));
      // The head was sent already, so breaking the TCP connection is the only way to report the failure.
      c.env.outgoing?.destroy();
    };
    if (c.req.method === "HEAD") {
      place.leave();
      return new Response(null, { headers });
    }
    // The place is occupied until the last byte is sent, or the client stops reading. A client that leaves before the first byte ends no stream.
    c.env.outgoing?.once("close", place.leave);
    return new Response(streamOf(verifyBytes(found, sha256, isRevoked), broken, place.leave), { headers });
  });

  noOtherMethod(app, "/v1/evidence/:sha256", "GET");
}

/** Returns the connection whose audit log records the read: an old store, or other settings, may name none that is served. */
function connectionOf({ connection }: EvidenceCopy, { names, defaultName }: AppContext["connections"]): string {
  return connection !== undefined && names.includes(connection) ? connection : (defaultName ?? names[0] ?? "");
}

/**
 * Yields the bytes and checks them. It throws before the last chunk if the bytes are not those that were kept, and before the next chunk if the
 * caller's API key was revoked.
 */
async function* verifyBytes({ open, size }: EvidenceCopy, sha256: string, isRevoked: () => boolean): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let passed = 0;
  for await (const piece of open()) {
    if (isRevoked()) throw revokedMeanwhile();
    hash.update(piece);
    passed += piece.byteLength;
    if (passed >= size && hash.copy().digest("hex") !== sha256)
      throw new Failure("evidence-failed", "The bytes of the evidence are not those that were kept.");
    yield piece;
  }
}

/** Streams what a generator yields. `ended` is called once nothing more is read, whatever the reason. */
export function streamOf(
  pieces: AsyncGenerator<Uint8Array>,
  broken: (thrown: unknown) => void,
  ended: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) return controller.enqueue(value);
        ended();
        controller.close();
      } catch (thrown) {
        ended();
        broken(thrown);
        controller.close();
      }
    },
    async cancel() {
      ended();
      await pieces.return(undefined);
    },
  });
}
