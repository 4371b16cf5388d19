import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import type { CheckedAction, StepName } from "../../src/doctor/checkup.ts";
import { type DoctorOptions, type DoctorReport, doctor, type StepReport } from "../../src/doctor/doctor.ts";
import { action } from "../../src/index.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

/** A lab that ends with the test. */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab(options);
  onTestFinished(() => lab.close());
  return lab;
}

/** The environment of the machine must not affect the test, for example through its proxies and settings. */
const environment = { SECRET: labPassword, WRONG: "wrong-Passw0rd" };

/** The settings of one connection in the file. */
export type Setting = Readonly<Record<string, unknown>>;

export const basic = (username = socAddress, password = "env:SECRET"): Setting => ({ basic: { username, password } });

/** The service account of the lab, and a mailbox to look into. */
export const service = (lab: Lab, changes: Setting = {}): Setting => ({
  ews: { url: lab.ewsUrl },
  auth: basic(),
  mailbox: "user03@example.com",
  ...changes,
});

export interface Examined extends DoctorReport {
  step(name: StepName): StepReport;
  /** Returns the hint of a step as one text. */
  next(name: StepName): string;
  /** Names of the steps with a status. */
  all(status: StepReport["status"]): readonly StepName[];
}

export interface Changes extends Partial<Omit<DoctorOptions, "actions">> {
  /** Those of the catalogue by name. Default: all of it. */
  readonly actions?: readonly (string | CheckedAction)[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The report if every action would work. */
export const allWork = { success: true, exit: 0, message: `All ${actionNames.length} actions would work.` };

/** A check-up of one connection, in a folder of its own. */
export async function examine(
  connection: Setting,
  { environment: more, actions = actionNames, ...wanted }: Changes = {},
): Promise<Examined> {
  const directory = folder();
  // Each check has its own stores of tokens and servers.
  for (const name of ["HOME", "XDG_CACHE_HOME"]) vi.stubEnv(name, directory);
  // JSON is YAML.
  writeFileSync(join(directory, "mailcordon.yaml"), JSON.stringify({ connections: { prod: connection } }));
  const report = await doctor({
    actions: actions.map((one) => (typeof one === "string" ? action(one) : one)),
    load: () => loadSettings({ directory, environment: { ...environment, ...more } }),
    ...wanted,
  });
  const step = (name: StepName) => {
    const found = report.steps.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no step ${name}`);
    return found;
  };
  return {
    ...report,
    step,
    next: (name) => (step(name).next ?? []).join("\n"),
    all: (status) => report.steps.filter((one) => one.status === status).map(({ name }) => name),
  };
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "mailcordon-doctor-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export function file(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}
