import type { EvidenceStore } from "../catalogue/action-definition.ts";
import type { EvidenceIndex } from "../perform/evidence/evidence-index.ts";
import type { EvidenceLines } from "../perform/evidence/indexed-evidence.ts";
import type { Bucket } from "../perform/evidence/s3-bucket.ts";
import type { EvidenceLocation } from "../settings/evidence-settings.ts";
import { readFileSetting } from "../settings/read-named-file.ts";
import type { S3Settings } from "../settings/s3-settings.ts";

/** Opens the store that the settings name: a folder, or a bucket. */
export async function openEvidenceOf({ folder, s3 }: EvidenceLocation): Promise<EvidenceStore> {
  if (s3 === undefined) return (await import("../perform/evidence/hash-and-store.ts")).openEvidence(folder);
  return (await import("../perform/evidence/s3-evidence.ts")).openS3Evidence(bucketOf(s3), folder);
}

/** Opens the index of the same store. `lines`: those of an open database, so that a look-up in a folder does not read its whole index. */
export async function openEvidenceIndexOf({ folder, s3 }: EvidenceLocation, lines?: EvidenceLines): Promise<EvidenceIndex> {
  if (s3 === undefined && lines !== undefined)
    return (await import("../perform/evidence/indexed-evidence.ts")).openIndexedEvidence(folder, lines);
  if (s3 === undefined) return (await import("../perform/evidence/evidence-index.ts")).openEvidenceIndex(folder);
  return (await import("../perform/evidence/s3-evidence.ts")).openS3Index(bucketOf(s3));
}

/** Opens the bucket once, when it is first asked for. Throws Failure `invalid-settings` if the authority's certificate cannot be read. */
export function bucketOf({ keys, caFile, ...place }: S3Settings): () => Promise<Bucket> {
  let opened: Promise<Bucket> | undefined;
  const open = async () => {
    const ca = caFile === undefined ? undefined : readFileSetting(caFile, "evidence_s3.ca_file").toString("utf8");
    const revealed = keys && { id: keys.id.reveal(), secret: keys.secret.reveal(), sessionToken: keys.sessionToken?.reveal() };
    return (await import("../perform/evidence/s3-bucket.ts")).openBucket({ ...place, keys: revealed, ca });
  };
  return () => {
    opened ??= open();
    return opened;
  };
}
