import type { CommandLine } from "../../faces/cli/program-flags.ts";
import type { Screen } from "../../faces/cli/screen.ts";
import { commandWords } from "../../faces/cli/shell-command.ts";
import { foundText } from "../../faces/cli/tell.ts";
import type { Failure } from "../../failure.ts";
import type { SettingsFlags } from "../../settings/load-settings.ts";
import type { State } from "../../state/state.ts";
import type { archiveAnswer } from "../../sweeps/report/archive.ts";
import type { SweepCaller } from "../../sweeps/service/access.ts";
import type { SweepService } from "../../sweeps/service/service.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { openSweepHost, type Reached } from "./sweep-host.ts";

/** As of every answer that something could not be looked at. */
export const incompleteExit = 6;

/** Output of a subcommand, and its exit code. */
export interface Told {
  readonly document: object;
  readonly shown: (columns: number) => string;
  readonly exit?: number;
  /** Text printed instead of JSON, even outside a terminal. */
  readonly raw?: AsyncIterable<string>;
}

/** What a subcommand works with. */
export interface Desk {
  readonly state: State;
  readonly line: CommandLine;
  readonly screen: Screen;
  readonly flags: SettingsFlags;
  readonly progress: (text: string) => void;
  /** What every face does with sweeps, and who asks here. */
  readonly service: SweepService;
  readonly caller: SweepCaller;
  archiveTo(id: string, output: string): Promise<ReturnType<typeof archiveAnswer>>;
  connection(name: string | undefined): Promise<Reached>;
  /** Works on sweeps in this process. Throws Failure. */
  work(): Promise<{ close(): Promise<void> }>;
  complain(failure: Failure): void;
  /** Returns the command line of a subcommand for a sweep, with the settings of this one. */
  readonly command: (name: string, id: string) => string;
}

/** Opens the settings, the database and the connections for one command, and closes them after it. Throws Failure. */
export async function onDesk(line: CommandLine, screen: Screen, work: (desk: Desk) => Promise<number>): Promise<number> {
  const said = (value: string | true | undefined) => (value === true ? undefined : value);
  const { config, connection, out, audit_file, quiet } = line.program;
  const flags = { config: said(config), connection: said(connection), evidenceDir: said(out), auditFile: said(audit_file) };
  const progress =
    quiet || screen.stderr.isTTY !== true ? undefined : (await import("../../faces/cli/progress.ts")).openProgress(screen.stderr);
  const say = (told: string) => progress?.say(told);
  const complain = ({ code, message }: Failure) => {
    progress?.end();
    if (!quiet) screen.stderr.write(`${harmlessJson({ level: "warn", code, message })}\n`);
  };
  const host = await openSweepHost({
    ...{ flags, complain, progress: say },
    found: ({ foundFile }) => {
      if (foundFile !== undefined && !quiet) screen.stderr.write(foundText(foundFile));
    },
  });
  const { state, service, caller, reach } = host;
  try {
    return await work({
      ...{ state, line, screen, flags, progress: say, service, caller, complain },
      connection: reach,
      archiveTo: host.archive,
      work: () => host.work(screen.signal),
      command: (name, id) => commandWords(`sweep ${name} ${id}`, flags.config === undefined ? {} : { config: flags.config }).join(" "),
    });
  } finally {
    progress?.end();
    await host.close();
  }
}
