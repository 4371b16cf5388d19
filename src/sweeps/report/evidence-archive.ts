import { randomUUID } from "node:crypto";
import { Failure } from "../../failure.ts";
import type { AuditLog } from "../../perform/audit/audit-log.ts";
import { type AuditPart, archiveAction, readAuditPart } from "../../perform/audit/sweep-entries.ts";
import type { EvidenceIndex } from "../../perform/evidence/evidence-index.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweep-store.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { counted } from "../../text/noun-count.ts";
import { parseJson } from "../../text/parse-json.ts";
import { evidenceOf, type KeptOutcome } from "../kept-outcome.ts";
import { readPlanHeader } from "../plan-header.ts";
import { countsOf } from "../sweep-lifecycle.ts";
import { addEvidence, type ListedEvidence } from "./add-evidence.ts";
import { demandPlan, planText } from "./plan-text.ts";
import type { ReportSource, TargetDocument } from "./report-cells.ts";
import { reportCsv } from "./report-csv.ts";
import { reportHtml } from "./report-html.ts";
import { numbersOf } from "./report-numbers.ts";
import { verifier } from "./verifier.ts";
import { type ArchivedFile, openZip, type ZipWriter } from "./zip-file.ts";

/** The sources of an archive on this machine, and its destination. */
export interface ArchivePaths {
  readonly evidence: EvidenceIndex;
  /** Path of the audit log. */
  readonly auditFile: string;
  /** Path of the new file. */
  readonly output: string;
}

export interface ArchiveOptions extends ArchivePaths {
  readonly state: State;
  readonly sweep: Sweep;
  readonly source: ReportSource;
  readonly audit: AuditLog | undefined;
  readonly actor: string;
}

export interface Archived {
  readonly planHash: string;
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly manifestSha256: string;
  readonly evidence: { readonly kept: number; readonly missing: number };
  readonly auditEntries: number;
  /** Gaps of the archive, a sentence each. */
  readonly notKnown: readonly string[];
  /** Whether the archive lacks something. */
  readonly isIncomplete: boolean;
}

const readme = `This is the evidence archive of one sweep of mailcordon.

Check it with Python 3 and nothing else:

    python3 verify.py                     in the folder that it was unpacked to
    python3 verify.py ARCHIVE.zip HASH    with a copy of verify.py that you trust

HASH is the SHA-256 that mailcordon printed when it made the archive. mailcordon
also wrote it into its audit log. Without it, nobody can detect that somebody
rewrote everything in the archive consistently, this text and verify.py included.

report.html      for people; report.csv: the messages as a table
manifest.json    what the archive has, with the SHA-256 of each file
plan.json        the plan; its SHA-256 is the hash that was approved
targets.jsonl    each message of the plan and what became of it
audit.jsonl      the sweep's entries in the audit log, as they are there
evidence/        the messages, named by the SHA-256 of their bytes

The messages may be dangerous. Do not open them with a mail program.
`;

/** Returns an archive as every face answers it. `file`: where it is for the caller. */
export function archiveAnswer(id: string, made: Archived, file: string) {
  const { size, sha256, manifestSha256, auditEntries, notKnown, isIncomplete, planHash, evidence } = made;
  const lacks = isIncomplete ? ` It lacks something: ${notKnown.join(" ")}` : "";
  return {
    success: !isIncomplete,
    message: `The evidence archive of the sweep ${id} is written. Keep its SHA-256 elsewhere: ${sha256}.${lacks}`,
    ...(isIncomplete ? { incomplete: true } : {}),
    ...{ sweep: id, plan_hash: planHash },
    archive: { file, size, sha256, manifest_sha256: manifestSha256 },
    ...{ evidence, audit_entries: auditEntries, not_known: notKnown },
  };
}

/** Writes one file that shows everything a sweep did. If that fails, removes the file. Throws Failure. */
export async function archiveSweep(options: ArchiveOptions): Promise<Archived> {
  const { state, sweep, audit, actor, output } = options;
  if (sweep.state === "running")
    throw new Failure("changed", `The sweep ${sweep.id} is running: an archive would not be complete. Nothing was written.`, {
      hint: `Wait until it has ended, or pause it: mailcordon sweep pause ${sweep.id}`,
    });
  await demandPlan(state, sweep, readPlanHeader(parseJson(sweep.plan)));
  const part = await readAuditPart(options.auditFile, sweep.id);
  const zip = await openZip(output);
  try {
    const made = await addFiles(zip, options, part);
    const { size, sha256 } = await zip.end();
    await demandUnchanged(options);
    const noted = { sweep: sweep.id, plan_hash: sweep.planHash, archive_sha256: sha256, manifest_sha256: made.manifestSha256, size };
    const what = { action: archiveAction, effect: "read", actor, connection: sweep.connection, mailbox: "", backend: "" } as const;
    await audit?.append({ phase: "read", ...what, call_id: randomUUID(), sweep: sweep.id, targets: [noted] });
    await zip.keep();
    return { planHash: sweep.planHash, file: output, size, sha256, ...made };
  } catch (thrown) {
    await zip.abandon();
    throw thrown;
  }
}

/** Adds every file. */
async function addFiles(
  zip: ZipWriter,
  options: ArchiveOptions,
  part: AuditPart,
): Promise<Omit<Archived, "planHash" | "file" | "size" | "sha256">> {
  const { state, sweep } = options;
  const source: ReportSource = { ...options.source, events: part.events };
  const header = readPlanHeader(parseJson(sweep.plan));
  const files: ArchivedFile[] = [];
  const add = async (name: string, bytes: AsyncIterable<Uint8Array | string>) => void files.push(await zip.add(name, bytes));
  await add("readme.txt", one(readme));
  await add("verify.py", one(verifier));
  await add("plan.json", planText(state, sweep, header));
  const unaudited = { count: 0 };
  await add("targets.jsonl", targetLines(source, part, unaudited));
  await add("report.html", reportHtml(source));
  await add("report.csv", reportCsv(source));
  await add("audit.jsonl", part.lines());
  const { listed, files: evidence } = await addEvidence(zip, source, options.evidence);
  for (const file of evidence) files.push(file);
  const missing = listed.filter((piece) => piece.missing !== undefined);
  const notKnown = [...part.problems, ...missingTexts(missing), ...unauditedTexts(unaudited.count)];
  const numbers = await numbersOf(source);
  const manifest = {
    ...{ format: "mailcordon-sweep-archive", version: 1, message: source.message, sweep: source.sweep },
    mailboxes: numbers.mailboxes.map(({ mailbox, states }) => ({ mailbox, messages: Object.fromEntries(states) })),
    failures: numbers.reasons,
    undoable: numbers.undoable,
    restorable: numbers.restorable,
    evidence: listed,
    audit: { entries: part.links },
    not_known: notKnown,
    files,
  };
  const { sha256 } = await zip.add("manifest.json", one(`${harmlessJson(manifest, 1)}\n`));
  await zip.add("manifest.sha256", one(`${sha256}  manifest.json\n`));
  const counts = { kept: evidence.length, missing: missing.length };
  const isIncomplete = notKnown.length > 0;
  return { manifestSha256: sha256, evidence: counts, auditEntries: part.links.length, notKnown, isIncomplete };
}

async function* one(text: string): AsyncGenerator<string> {
  yield text;
}

async function* targetLines({ targets }: ReportSource, { done }: AuditPart, unaudited: { count: number }): AsyncGenerator<string> {
  for await (const target of targets()) {
    if (target.state === "done" && !done.has(target.item_id)) unaudited.count += 1;
    yield `${harmlessJson(withoutPath(target))}\n`;
  }
}

/** Removes the path of the evidence: on another machine it is meaningless. */
function withoutPath(target: TargetDocument): object {
  const { outcome } = target;
  if (evidenceOf(outcome).length === 0) return target;
  const bare = ({ evidence, ...rest }: { readonly evidence?: KeptOutcome["evidence"] | undefined }) => {
    if (evidence === undefined) return rest;
    const { file_ref: _, export: beside, ...about } = evidence;
    const { file_ref: __, ...other } = beside ?? {};
    return { ...rest, evidence: beside === undefined ? about : { ...about, export: other } };
  };
  const attachments = outcome?.attachments === undefined ? {} : { attachments: outcome.attachments.map(bare) };
  return { ...target, outcome: { ...bare(outcome ?? {}), ...attachments } };
}

function missingTexts(missing: readonly ListedEvidence[]): readonly string[] {
  const reasons = new Map<string, number>();
  for (const { missing: reason = "" } of missing) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return [...reasons].map(([reason, count]) => `The bytes of ${counted(count, "piece")} of evidence. ${reason}`);
}

function unauditedTexts(count: number): readonly string[] {
  if (count === 0) return [];
  return [
    `The audit entries of ${counted(count, "message that is", "messages that are")} done: the audit log of this machine has none. Workers on other machines write into logs of their own, and an act that was settled by a look has no entry of its end.`,
  ];
}

/** Throws Failure `changed` if the sweep continued while it was being archived. */
async function demandUnchanged({ state, sweep, source }: ArchiveOptions): Promise<void> {
  const now = await state.sweeps.get(sweep.id);
  const tally = await state.sweeps.tally(sweep.id);
  const counts: Readonly<Record<string, number | undefined>> = source.sweep.counts;
  const isSame = Object.entries(countsOf(tally)).every(([name, count]) => counts[name] === count);
  if (now.state === sweep.state && now.round === sweep.round && isSame) return;
  throw new Failure("changed", `The sweep ${sweep.id} went on while it was archived. No archive is left.`, {
    hint: "Repeat it when the sweep has ended or is paused.",
  });
}
