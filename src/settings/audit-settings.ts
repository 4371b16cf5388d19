// src/settings/: Turns the settings file, the environment and flags into checked settings.

import { resolve } from "node:path";
import * as z from "zod";
import { Failure } from "../failure.ts";
import { parseSecretPlace, readSecret, type Secret } from "./secrets.ts";
import { expected, secret, text } from "./setting-fields.ts";
import { defaultAuditFile, defaultHeadFolder } from "./settings-paths.ts";

/** The section of the file for the audit log. */
export const auditSettings = {
  audit_file: text("the path of the audit file").optional(),
  audit: z.strictObject({ reads: z.boolean(expected("true or false")).default(true), key: secret.optional() }).prefault({}),
};
const AuditSettings = z.object(auditSettings);

/** The location of the audit log, and how it is written. Paths are absolute. */
export interface AuditLocation {
  readonly file: string;
  /** The folder in which the ends of audit logs are stored, separate from the logs. */
  readonly heads: string;
  /** Whether reads have entries. */
  readonly reads: boolean;
  /** Key of the entries' HMAC. */
  readonly key: Secret | undefined;
}

export interface AuditSources {
  readonly flag: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** Folder to which paths in the file are relative. */
  readonly home: string;
}

/**
 * Returns the settings of the audit log: flag, environment, file, default.
 * @param written the members `audit_file` and `audit` of the file
 * @throws Failure `invalid-settings`
 */
export function readAudit(written: unknown, { flag, environment, directory, home }: AuditSources): AuditLocation {
  const parsed = AuditSettings.safeParse(written);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Failure("invalid-settings", `${issue?.path.join(".")} ${issue?.message}`);
  }
  const { audit_file, audit } = parsed.data;
  const named = flag || environment.MAILCORDON_AUDIT_FILE;
  const inFile = audit_file === undefined ? defaultAuditFile(environment) : resolve(home, audit_file);
  const place = audit.key === undefined ? undefined : parseSecretPlace(audit.key);
  return {
    file: named ? resolve(directory, named) : inFile,
    heads: defaultHeadFolder(environment),
    reads: audit.reads,
    key: place && readSecret(place.kind === "file" ? { ...place, name: resolve(home, place.name) } : place, "audit.key", environment),
  };
}
