import { dirname } from "node:path";
import { type EvidenceLocation, readEvidence } from "./evidence-settings.ts";
import type { SettingsPlace } from "./load-settings.ts";
import { readYaml } from "./read-yaml.ts";
import { findSettings } from "./settings-paths.ts";

/** Returns the settings of evidence alone: no connection need be set. Throws Failure `invalid-settings`. */
export async function loadEvidence({
  flags = {},
  environment = process.env,
  directory = process.cwd(),
}: SettingsPlace): Promise<EvidenceLocation> {
  const found = findSettings(flags.config, environment, directory);
  const home = found === undefined ? directory : dirname(found.path);
  const raw = found === undefined ? {} : await readYaml(found);
  return readEvidence(raw, { flag: flags.evidenceDir, environment, directory, home });
}
