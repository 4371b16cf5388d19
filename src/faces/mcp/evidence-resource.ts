import type { EvidenceStore, Kept, OpenedFile } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import type { EvidenceCopy } from "../../perform/evidence/evidence-index.ts";

const scheme = "mailcordon-evidence://sha256/";

/** Finds evidence by the hash of its bytes, if the caller may see it. */
export type FindEvidence = (sha256: string) => Promise<(OpenedFile & Partial<Pick<EvidenceCopy, "mailbox" | "connection">>) | undefined>;

/** The URI of evidence as a resource. */
export const evidenceTemplate = `${scheme}{sha256}`;

export function evidenceUri(sha256: string): string {
  return `${scheme}${sha256}`;
}

/** Returns the hash in the name of a resource; undefined for the name of another resource. */
export function hashIn(uri: string): string | undefined {
  const hash = uri.startsWith(scheme) ? uri.slice(scheme.length).toLowerCase() : "";
  return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
}

/** A resource is one message of JSON, held whole by both sides: more than that is fetched over HTTP or from the folder. */
const largestResource = 10 * 1024 * 1024;

/** Returns the bytes of evidence in base64. Throws Failure `too-large` for evidence that must be fetched in another way. */
export async function base64Of({ name, size, open }: OpenedFile): Promise<string> {
  if (size > largestResource) {
    throw new Failure("too-large", `${name} has ${size} bytes, and a resource at most ${largestResource}.`, {
      hint: "Read it from the evidence folder, or over HTTP from /v1/evidence/.",
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of open()) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks).toString("base64");
}

/** Opens the files that a tool call may attach: evidence only. A model that was manipulated by a message must not be able to send files from the disk. */
export function openEvidenceOnly(find: FindEvidence): (path: string) => Promise<OpenedFile> {
  return async (path) => {
    const hash = hashIn(path);
    if (hash === undefined) {
      throw new Failure("invalid-input", "Over MCP a path can name only evidence, not a file.", {
        hint: `Use base64, or the URI of evidence: ${evidenceTemplate}`,
      });
    }
    const file = await find(hash);
    if (file === undefined) throw new Failure("not-found", "There is no such evidence.");
    return file;
  };
}

/** Returns a store that reports the files it has kept. */
export function reportKept(store: EvidenceStore, note: (kept: Kept) => void): EvidenceStore {
  return {
    keep: async (bytes, about) => {
      const kept = await store.keep(bytes, about);
      note(kept);
      return kept;
    },
    hold: (bytes, about) => store.hold(bytes, about),
  };
}
