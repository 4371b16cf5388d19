import { resolve } from "node:path";
import * as z from "zod";
import { Failure } from "../failure.ts";
import type { S3Settings } from "./s3-settings.ts";
import { text } from "./setting-fields.ts";
import { defaultEvidenceDir } from "./settings-paths.ts";

/** The settings of evidence in the file. */
export const evidenceSettings = {
  evidence_dir: text("the folder for evidence").optional(),
  // Read by s3-settings.ts, which most starts need not load.
  evidence_s3: z.unknown().optional(),
};
const EvidenceSettings = z.object(evidenceSettings);

/** The location of evidence. */
export interface EvidenceLocation {
  /** Absolute path of the folder. With `s3` it contains only the files being uploaded. */
  readonly folder: string;
  /** The bucket, unless a flag or the environment names a folder. */
  readonly s3?: S3Settings | undefined;
}

export interface EvidenceSources {
  readonly flag: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** The folder to which paths in the file are relative. */
  readonly home: string;
}

/**
 * Returns where evidence is kept: flag, environment, file, default.
 * @param written the members `evidence_dir` and `evidence_s3` of the file
 * @throws Failure `invalid-settings`
 */
export async function readEvidence(written: unknown, { flag, environment, directory, home }: EvidenceSources): Promise<EvidenceLocation> {
  const parsed = EvidenceSettings.safeParse(written);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Failure("invalid-settings", `${issue?.path.join(".")} ${issue?.message}`);
  }
  const { evidence_dir, evidence_s3 } = parsed.data;
  const named = flag || environment.MAILCORDON_EVIDENCE_DIR;
  const inFile = evidence_dir === undefined || evidence_dir === "" ? defaultEvidenceDir(environment) : resolve(home, evidence_dir);
  const s3 = evidence_s3 === undefined ? undefined : (await import("./s3-settings.ts")).readS3(evidence_s3, environment, home);
  return named ? { folder: resolve(directory, named) } : { folder: inFile, ...(s3 === undefined ? {} : { s3 }) };
}
