import { createHash } from "node:crypto";
import type { Action } from "../../catalogue/action-definition.ts";
import { actionDefinition } from "./action-definition.ts";
import { type ArchivedFile, tarGz } from "./archive.ts";
import { ActionDefinition, IntegrationDefinition } from "./definition.ts";
import { integrationDefinition } from "./integration.ts";
import { sweepDefinitions } from "./sweep-definitions.ts";
import { yamlText } from "./yaml.ts";

/** The platform's category for the integration. The format has no field for it; it is chosen when an integration is published. */
export const category = "Email Gateway";

/** Name and version of the integration. */
export interface IntegrationVersion {
  readonly name: string;
  /** Numbers with dots between. */
  readonly version: string;
  /** Whether it has the actions of sweeps as well. */
  readonly withSweeps?: boolean | undefined;
}

/** All generated files, by their path in the folder. */
export interface AutomationService {
  readonly integration: IntegrationDefinition;
  /** In the order of the given catalogue. */
  readonly actions: readonly ActionDefinition[];
  /** Actions for sweeps, after those of the catalogue. */
  readonly sweeps: readonly ActionDefinition[];
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

/**
 * Returns the integration for Sumo Logic's Automation Service: one file for the integration, one for each action in the given order, and the archive of all
 * files, in the form of the platform's own integrations. The same catalogue gives the same bytes.
 * @throws RangeError for content that the platform cannot represent, such as two names that it treats as equal
 */
export async function automationService(
  actions: readonly Action[],
  { name, version, withSweeps = false }: IntegrationVersion,
): Promise<AutomationService> {
  const integration = IntegrationDefinition.parse(integrationDefinition(name, version));
  const definitions = actions.map((action) => ActionDefinition.parse(actionDefinition(action, name)));
  const files = new Map<string, string | Uint8Array>([[`${fileName(name)}.integration.yaml`, await yamlText(integration)]]);
  for (const [at, definition] of definitions.entries()) {
    // A folder lists by name: the numbers keep the order.
    const action = actions[at]?.name ?? "";
    files.set(numbered(at, action), await yamlText(definition));
  }
  const sweeps = (withSweeps ? sweepDefinitions(name) : []).map(({ file, definition }) => ({
    ...{ file, definition: ActionDefinition.parse(definition) },
  }));
  for (const [at, { file, definition }] of sweeps.entries()) files.set(numbered(definitions.length + at, file), await yamlText(definition));
  const all = [...definitions, ...sweeps.map(({ definition }) => definition)];
  files.set(`${fileName(name)}.tar.gz`, await archive(integration, all));
  return { integration, actions: definitions, sweeps: all.slice(definitions.length), files };
}

function numbered(at: number, name: string): string {
  return `actions/${String(at + 1).padStart(2, "0")}-${name}.action.yaml`;
}

function fileName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

/** The names and wrappers of the archives in which integrations are shared: eight hexadecimal digits, then the title with dashes. */
async function archive(integration: IntegrationDefinition, actions: readonly ActionDefinition[]): Promise<Uint8Array> {
  const integrationFile = `${archiveName("integration", integration.name)}.integration.yaml`;
  const files: ArchivedFile[] = [{ name: integrationFile, bytes: Buffer.from(await yamlText(integration)) }];
  for (const action of actions) {
    const wrapped = { action, integration: `{{${integrationFile}|id}}` };
    files.push({ name: `${archiveName("action", action.name)}.action.yaml`, bytes: Buffer.from(await yamlText(wrapped)) });
  }
  return tarGz(files);
}

/** Derived from the name, so a later version of the same file has the same name. */
function archiveName(kind: string, name: string): string {
  const digits = createHash("sha256").update(`mailcordon ${kind} ${name}`).digest("hex").slice(0, 8);
  return `${digits}.${name.replace(/[^A-Za-z0-9]+/g, "-")}`;
}
