import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { actionNames, loadAction } from "../actions/load.ts";
import { open } from "../connection/open-connection.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { foundText } from "../faces/cli/tell.ts";
import { harmless } from "../faces/cli/terminal.ts";
import { mcpServer } from "../faces/mcp/server.ts";
import { type Failure, localOf, withLocal } from "../failure.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { readArguments } from "./command-arguments.ts";
import { openMcpSweeps } from "./mcp-sweeps.ts";

const usage = `mailcordon mcp: offers the actions as tools of the Model Context Protocol, on
standard input and output. An MCP client starts this command. For MCP over HTTP
see \`mailcordon serve\`.

  --read-only        Offer only tools that change nothing.
  --connection NAME  Connection of the settings. Default: the default connection.
  --config FILE      Settings file. Default: mailcordon.yaml in this folder, then
                     in ~/.config/mailcordon/.
  --out DIR          Folder for evidence. Default: evidence_dir of the settings.
  --audit-file FILE  File for the audit entries. Default: audit_file of the
                     settings.
  --help             Show this help.

A tool that changes, sends or deletes first names its targets. It acts only after
the targets are confirmed at the client.
`;

const options = {
  "read-only": { type: "boolean" },
  connection: { type: "string" },
  config: { type: "string" },
  out: { type: "string" },
  "audit-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** A client gets no path of this machine; standard error, which its person can read, has it. */
function inLog({ stderr }: Screen): (failure: Failure) => Failure {
  return (failure) => {
    if (localOf(failure) !== undefined) stderr.write(`mailcordon: ${harmless(withLocal(failure).message)}\n`);
    return failure;
  };
}

/** Runs `mailcordon mcp` for one client until the client disconnects or the process is stopped. Returns the exit code. */
export async function runMcp(args: readonly string[], screen: Screen, version: string): Promise<number> {
  const { help, config, connection, out, ...requested } = readArguments("mcp", args, options).values;
  if (help) {
    screen.stdout.write(usage);
    return 0;
  }
  const settings = await loadSettings({ flags: { config, connection, evidenceDir: out, auditFile: requested["audit-file"] } });
  const opened = await open(settings);
  if (opened.foundFile !== undefined) screen.stderr.write(foundText(opened.foundFile));
  const actions = await Promise.all(actionNames.map(loadAction));
  const flags = { config, connection, evidenceDir: out, auditFile: requested["audit-file"] };
  const sweeps = openMcpSweeps(flags, requested["read-only"] === true, screen);
  const server = mcpServer({
    actions: requested["read-only"] ? actions.filter(({ effect }) => effect === "read") : actions,
    host: { ...opened, shown: inLog(screen), signal: screen.signal },
    findEvidence: async (sha256) => (await opened.evidenceIndex.find(sha256))[0],
    requirePerson: settings.requirePerson,
    sweeps: sweeps.sweeps,
    version,
  });
  const gone = new Promise<void>((resolve) => {
    server.server.onclose = resolve;
    // The SDK's transport reads, and does not notice the end of the input.
    screen.stdin.on("end", () => resolve());
    screen.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.connect(new StdioServerTransport());
  await gone;
  await server.close();
  await sweeps.close();
  await opened.exchange.close();
  return 0;
}
