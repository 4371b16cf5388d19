import type { EvidenceStore } from "../catalogue/action-definition.ts";
import type { EvidenceIndex } from "../perform/evidence/evidence-index.ts";
import type { EvidenceLocation } from "../settings/evidence-settings.ts";

/** Opens the store that the settings name: a folder, or a bucket. */
export async function openEvidenceOf({ folder }: EvidenceLocation): Promise<EvidenceStore> {
  return (await import("../perform/evidence/hash-and-store.ts")).openEvidence(folder);
}

/** Opens the index of the same store. */
export async function openEvidenceIndexOf({ folder }: EvidenceLocation): Promise<EvidenceIndex> {
  return (await import("../perform/evidence/evidence-index.ts")).openEvidenceIndex(folder);
}
