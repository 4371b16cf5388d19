import "./schema-compilation.ts";
import { readFileSync } from "node:fs";
import { actionAliases, actionNames, loadAction } from "../actions/load.ts";
import { runCli } from "../faces/cli/cli.ts";
import type { Command, Program } from "../faces/cli/program-definition.ts";
import { Failure } from "../failure.ts";
import { expectOneCall } from "../wire/http/garbage-collection.ts";

const catalogue = { names: actionNames, aliases: actionAliases, load: loadAction };
const aliases = async () => (await import("../settings/load-settings.ts")).readAliases();

/** Commands other than the actions, each loaded when it is used. */
const commands: readonly Command[] = [
  {
    name: "lab",
    summary: "Start a practice server that imitates Exchange, and print how to reach it.",
    run: async (args, screen) => (await import("./lab-command.ts")).runLab(args, screen),
  },
  {
    name: "doctor",
    summary: "Check a connection step by step, and report what is missing and what to do.",
    run: async (args, screen) => (await import("./doctor-command.ts")).runDoctor(args, screen),
  },
  {
    name: "init",
    summary: "Ask for the kind of Exchange, write mailcordon.yaml, and check the connection.",
    run: async (args, screen) => (await import("./init-command.ts")).runInit(args, screen),
  },
  {
    name: "setup",
    summary: "Print the commands that connect mailcordon to Exchange, without running them.",
    run: async (args, screen) => (await import("./setup-command.ts")).runSetup(args, screen),
  },
  {
    name: "mcp",
    summary: "Offer the actions as MCP tools on standard input and output.",
    run: async (args, screen, version) => (await import("./mcp-command.ts")).runMcp(args, screen, version()),
  },
  {
    name: "serve",
    summary: "Offer the actions over HTTP, and as MCP tools over HTTP.",
    endsItself: true,
    run: async (args, screen, version) => (await import("./serve-command.ts")).runServe(args, screen, version()),
  },
  {
    name: "keys",
    summary: "Create, list and revoke the API keys of the server's callers.",
    run: async (args, screen) => (await import("./keys-command.ts")).runKeys(args, screen),
  },
  {
    name: "sweep",
    summary: "Plan, approve, run, undo and report one action over many mailboxes.",
    endsItself: true,
    run: async (words, screen) => (await import("./sweep/sweep-command.ts")).runSweep(words, screen),
  },
  {
    name: "worker",
    summary: "Help with every sweep that runs.",
    endsItself: true,
    run: async (words, screen) => (await import("./sweep/worker-command.ts")).runWorker(words, screen),
  },
  {
    name: "audit",
    summary: "Check that an audit log was not altered, continue it after a gap, or rotate it.",
    run: async (args, screen) => (await import("./audit-command.ts")).runAudit(args, screen),
  },
  {
    name: "completion",
    summary: "Print the completion for bash, zsh or fish, or the man page.",
    run: async (args, screen, version) =>
      (await import("./completion-command.ts")).runCompletion(args, screen, { version, catalogue, commands, aliases }),
  },
  {
    name: "export",
    summary: "Write the integration for Sumo Logic's Automation Service.",
    run: async (args, screen) => (await import("./export-command.ts")).runExport(args, screen),
  },
];

/** Returns the parts of the command line. */
export function program(packageFile: string): Program {
  return {
    version: () => versionOf(packageFile),
    catalogue,
    aliases,
    commands,
    open: async ({ config, connection, out, auditFile, log }) => {
      expectOneCall();
      // Help and `--version` need neither.
      const [{ open }, { loadSettings }] = await Promise.all([
        import("../connection/open-connection.ts"),
        import("../settings/load-settings.ts"),
      ]);
      return open(await loadSettings({ flags: { config, connection, evidenceDir: out, auditFile } }), { log });
    },
  };
}

/** Runs the program and ends the process, when everything that was written is out. */
export async function main(args: readonly string[], packageFile: string): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // A second signal means: stop immediately.
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  }
  // A reader that goes away (`| head`) must not stop a deletion in the middle: the action is completed, and only its report is lost.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const code = await runCli(args, program(packageFile), {
    // Node creates a stream at its first use: 2 ms for one that most calls do not read.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    get stderr() {
      return process.stderr;
    },
    signal: stop.signal,
  });
  process.stdout.write("", () => process.exit(code));
}

function versionOf(packageFile: string): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(packageFile, "utf8"));
  if (typeof version === "string") return version;
  throw new Failure("internal", "package.json names no version.");
}
