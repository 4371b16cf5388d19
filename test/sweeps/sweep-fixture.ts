import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { program } from "../../src/commands/program.ts";
import { runSweep } from "../../src/commands/sweep/sweep-command.ts";
import { runCli } from "../../src/faces/cli/cli.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { asFailure } from "../../src/failure.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import { type Backend, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { environmentOf } from "../built.ts";

const packageFile = fileURLToPath(new URL("../../package.json", import.meta.url));

/** What a subcommand printed, as JSON. */
export interface Printed {
  readonly exit: number;
  // A test reads of it what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: the document of any subcommand
  readonly [member: string]: any;
}

/** A lab, a settings file and a database of their own; `sweep` runs a subcommand in this process. */
export interface SweepFixture {
  readonly host: LabHost;
  readonly config: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  sweep(...words: readonly string[]): Promise<Printed>;
  /** The same at a terminal of 120 columns, where a person answers `typed`. Failures are shown as the command line shows them. */
  terminal(typed: string, ...words: readonly string[]): Promise<{ readonly exit: number; readonly out: string; readonly err: string }>;
  /** The same, stopped when `signal` is given. */
  sweepUntil(signal: AbortSignal, ...words: readonly string[]): Promise<Printed>;
  audit(): readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** Default database: the one that mailcordon starts in the folder. */
export async function openSweepFixture(backend: Backend, options: LabOptions = {}, databaseUrl = ""): Promise<SweepFixture> {
  const host = await openLabHost(options, backend);
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-sweeps-"));
  // For root, who lets another user have the database.
  chmodSync(folder, 0o711);
  const config = join(folder, "mailcordon.yaml");
  const audit = join(folder, "audit.jsonl");
  writeFileSync(
    config,
    JSON.stringify({ connections: { lab: {} }, evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: "state" } }),
  );
  const environment = { ...environmentOf(host.lab, backend), DATABASE_URL: databaseUrl };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const sweepUntil = async (signal: AbortSignal, ...words: readonly string[]): Promise<Printed> => {
    let out = "";
    const screen: Screen = {
      stdin: new PassThrough(),
      stdout: { write: (text) => (out += text) },
      stderr: { write: () => true },
      signal,
    };
    try {
      const exit = await runSweep([...words, "--config", config], screen);
      return out.startsWith("{") ? { exit, ...JSON.parse(out) } : { exit, text: out };
    } catch (thrown) {
      const { code, message } = asFailure(thrown);
      if (code === "internal") throw thrown;
      return { exit: -1, error: { code, message } };
    }
  };
  const terminal = async (typed: string, ...words: readonly string[]) => {
    let out = "";
    let err = "";
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.write(typed);
    const exit = await runCli(["sweep", ...words, "--config", config], program(packageFile), {
      stdin,
      stdout: { isTTY: true, columns: 120, write: (text) => (out += text) },
      stderr: { isTTY: true, columns: 120, write: (text) => (err += text) },
      signal: new AbortController().signal,
    });
    return { exit, out, err };
  };
  return {
    host,
    terminal,
    config,
    folder,
    environment,
    sweepUntil,
    sweep: (...words) => sweepUntil(new AbortController().signal, ...words),
    audit: () =>
      readFileSync(audit, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    async close() {
      vi.unstubAllEnvs();
      await host.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
