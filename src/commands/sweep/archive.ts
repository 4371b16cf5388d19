import { resolve } from "node:path";
import { openEvidenceIndexOf } from "../../connection/open-evidence.ts";
import { loadEvidence } from "../../settings/load-evidence.ts";
import { loadAudit } from "../../settings/load-settings.ts";
import { counted } from "../../text/noun-count.ts";
import { type Desk, incompleteExit, type Told } from "./desk.ts";

/** Writes the evidence archive of a sweep. */
export async function archive(id: string, { service, caller, state, line, flags }: Desk): Promise<Told> {
  const { output } = line.fields;
  const [location, { file: auditFile }] = await Promise.all([loadEvidence({ flags }), loadAudit({ flags })]);
  const made = await service.archive(id, caller, {
    ...{ evidence: await openEvidenceIndexOf(location, state.evidenceLines), auditFile },
    output: resolve(typeof output === "string" && output !== "" ? output : `sweep-${id}.zip`),
  });
  const { file, size, sha256, manifestSha256, auditEntries, notKnown, isIncomplete } = made;
  const lacks = isIncomplete ? ` It lacks something: ${notKnown.join(" ")}` : "";
  const message = `The evidence archive of the sweep ${id} is written. Keep its SHA-256 elsewhere: ${sha256}.${lacks}`;
  return {
    document: {
      ...{ success: !isIncomplete, message, ...(isIncomplete ? { incomplete: true } : {}), sweep: id, plan_hash: made.planHash },
      archive: { file, size, sha256, manifest_sha256: manifestSha256 },
      ...{ evidence: made.evidence, audit_entries: auditEntries, not_known: notKnown },
    },
    shown: () =>
      `${message}\n${file}: ${counted(size, "byte")}, ${counted(made.evidence.kept, "piece")} of evidence, ${counted(auditEntries, "audit entry")}.`,
    exit: isIncomplete ? incompleteExit : 0,
  };
}
