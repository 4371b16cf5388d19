import type { EvidenceStore } from "../../catalogue/action-definition.ts";
import { isGranted } from "../../connection/restrict-to-mailboxes.ts";
import type { EvidenceCopy, EvidenceIndex } from "../../perform/evidence/evidence-index.ts";
import type { Caller } from "./callers/authentication.ts";

/** Returns a store that refers to its bytes by a link and records the connection they came from. */
export function linkEvidence(store: EvidenceStore, connection: string, publicUrl: string): EvidenceStore {
  return {
    async keep(bytes, about) {
      const kept = await store.keep(bytes, { ...about, source: { ...about.source, connection } });
      return { ...kept, file_ref: `${publicUrl}/v1/evidence/${kept.sha256}` };
    },
    hold: (bytes, about) => store.hold(bytes, about),
  };
}

/**
 * Returns the evidence with this hash that the caller may read: a caller limited to mailboxes or connections gets only evidence known to come from
 * them.
 */
export async function evidenceFor({ grant }: Caller, index: EvidenceIndex, sha256: string): Promise<EvidenceCopy | undefined> {
  const { mailboxes, connections } = grant;
  const copies = await index.find(sha256);
  return copies.find(
    ({ mailbox, connection }) =>
      (mailboxes === undefined || (mailbox !== undefined && isGranted(mailbox, mailboxes))) &&
      (connections === undefined || (connection !== undefined && connections.includes(connection))),
  );
}

/**
 * `Content-Disposition` that makes a browser save and not show it: an ASCII name for old readers, and the name itself.
 * @see https://www.rfc-editor.org/rfc/rfc6266 and https://www.rfc-editor.org/rfc/rfc8187
 */
export function disposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, "_")).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
