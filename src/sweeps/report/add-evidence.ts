// src/sweeps/report/: The report of a sweep as a page and as CSV, and its evidence archive.

import { createHash } from "node:crypto";
import type { OpenedFile } from "../../catalogue/action-definition.ts";
import type { EvidenceIndex } from "../../perform/evidence/evidence-index.ts";
import { evidenceOf } from "../kept-outcome.ts";
import type { ReportSource } from "./report-cells.ts";
import type { ArchivedFile, ZipWriter } from "./zip-file.ts";

/** Evidence of a sweep, as the manifest lists it. */
export interface ListedEvidence {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Name in the archive. */
  readonly file?: string | undefined;
  /** Why the archive lacks it. */
  readonly missing?: string | undefined;
}

/** Evidence up to this size is read once and held in memory; larger evidence is read twice. Bytes. */
const heldAtMost = 16 * 1024 * 1024;

/** Adds each different piece of evidence once, named by its hash: no name from a message becomes a name in the archive. Throws Failure. */
export async function addEvidence(
  zip: ZipWriter,
  source: ReportSource,
  index: EvidenceIndex,
): Promise<{ readonly listed: readonly ListedEvidence[]; readonly files: readonly ArchivedFile[] }> {
  const wanted = new Map<string, { readonly size: number; readonly isMessage: boolean }>();
  for await (const { outcome } of source.targets()) {
    for (const kept of evidenceOf(outcome))
      if (!wanted.has(kept.sha256)) wanted.set(kept.sha256, { size: kept.size, isMessage: /\.eml$/i.test(kept.safe_name) });
  }
  const found = await index.findAll(new Set(wanted.keys()));
  const listed: ListedEvidence[] = [];
  const files: ArchivedFile[] = [];
  for (const [sha256, { size, isMessage }] of wanted) {
    const copy = found.get(sha256);
    const name = `evidence/${sha256}.${isMessage ? "eml" : "bin"}`;
    const open = copy === undefined ? "It is not in the evidence store of this machine." : await checkedBytes(copy, sha256);
    if (typeof open === "string") {
      listed.push({ sha256, size, missing: open });
      continue;
    }
    files.push(await zip.add(name, open()));
    listed.push({ sha256, size, file: name });
  }
  return { listed, files };
}

/** Returns the bytes if their hash is still correct; otherwise the reason why not. */
async function checkedBytes(copy: OpenedFile, sha256: string): Promise<(() => AsyncIterable<Uint8Array>) | string> {
  const hash = createHash("sha256");
  const held: Uint8Array[] = [];
  try {
    for await (const piece of copy.open()) {
      hash.update(piece);
      // Copy the piece: its source may reuse the buffer.
      if (copy.size <= heldAtMost) held.push(Uint8Array.from(piece));
    }
  } catch {
    return "It could not be read from the evidence store.";
  }
  if (hash.digest("hex") !== sha256) return "The evidence store has other bytes under this hash: somebody has changed them.";
  if (copy.size > heldAtMost) return () => copy.open();
  return async function* () {
    yield* held;
  };
}
