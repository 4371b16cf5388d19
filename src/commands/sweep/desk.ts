import { setMaxListeners } from "node:events";
import { actionNames, loadAction } from "../../actions/load.ts";
import type { Action } from "../../catalogue/action-definition.ts";
import { type Opened, open } from "../../connection/open-connection.ts";
import { restrictToEach } from "../../connection/restrict-to-mailboxes.ts";
import type { CommandLine } from "../../faces/cli/program-flags.ts";
import type { Screen } from "../../faces/cli/screen.ts";
import { foundText } from "../../faces/cli/tell.ts";
import { Failure } from "../../failure.ts";
import { openAudit } from "../../perform/audit/audit-log.ts";
import { openHeadFile } from "../../perform/audit/audit-log-end.ts";
import { operatingSystemUser } from "../../perform/operating-system-user.ts";
import { loadAudit, loadSettings, readWrittenSettings, type SettingsFlags } from "../../settings/load-settings.ts";
import { readServe } from "../../settings/serve-settings.ts";
import { whereItAnswers } from "../../state/audit-heads.ts";
import { openState, type State } from "../../state/state.ts";
import { connectionFacts } from "../../sweeps/connection.ts";
import type { SweepCaller } from "../../sweeps/service/access.ts";
import { openSweepService, type SweepService } from "../../sweeps/service/service.ts";
import { openWorker, type WorkerHost } from "../../sweeps/worker.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { shareRequestQueues } from "../../wire/throttling/request-queue.ts";

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

/** A connection that is open. */
export type Reached = WorkerHost & Pick<Opened, "exchange">;

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
  readonly defaultConnection: string | undefined;
  connection(name: string | undefined): Promise<Reached>;
  complain(failure: Failure): void;
}

/** Opens the settings, the database and the connections for one command, and closes them after it. Throws Failure. */
export async function onDesk(line: CommandLine, screen: Screen, work: (desk: Desk) => Promise<number>): Promise<number> {
  // Each mailbox that is worked on listens to it.
  setMaxListeners(0, screen.signal);
  const said = (value: string | true | undefined) => (value === true ? undefined : value);
  const { config, connection, out, audit_file, quiet } = line.program;
  const flags = { config: said(config), connection: said(connection), evidenceDir: said(out), auditFile: said(audit_file) };
  const written = await readWrittenSettings({ flags });
  if (written.foundFile !== undefined && !quiet) screen.stderr.write(foundText(written.foundFile));
  const { stateDir, databaseUrl } = readServe(written);
  const state = await openState({ directory: stateDir, databaseUrl });
  // Before any connection is open: what Exchange allows an account is for all processes together.
  shareRequestQueues((account, queue) => state.budgets.join(account, queue));
  const opened = new Map<string, Promise<Reached>>();
  const progress =
    quiet || screen.stderr.isTTY !== true ? undefined : (await import("../../faces/cli/progress.ts")).openProgress(screen.stderr);
  const say = (told: string) => progress?.say(told);
  const ways = { exclusively: state.exclusively, auditHead: (log: string) => whereItAnswers(() => state.auditHead(log)) };
  const openOne = async (name: string | undefined): Promise<Reached> => {
    // One that only the environment sets has no name in the file.
    const isDefault = name === undefined || name === written.defaultConnection;
    const settings = await loadSettings({ flags: isDefault ? flags : { ...flags, connection: name }, fileAlone: !isDefault });
    const one = await open(settings, ways);
    return {
      exchange: one.exchange,
      host: { ...one, actor: operatingSystemUser(), progress: say },
      connection: connectionFacts(settings.connection),
    };
  };
  try {
    const reach = (name: string | undefined) => {
      const known = opened.get(name ?? "") ?? openOne(name);
      opened.set(name ?? "", known);
      return known;
    };
    const service = openSweepService({
      state,
      load: actionNamed,
      open: (name) => reach(name === "" ? undefined : name),
      async audit() {
        const { file, heads, key } = await loadAudit({ flags });
        const places = [openHeadFile(heads, file), ways.auditHead(file)];
        return openAudit(file, { exclusively: state.exclusively, heads: places, key: key?.reveal() });
      },
      secondPersonAbove: written.sweep.secondPersonAbove,
    });
    return await work({
      ...{ state, line, screen, flags, progress: say, service, caller: userOfThisMachine() },
      defaultConnection: written.defaultConnection,
      connection: reach,
      complain({ code, message }) {
        progress?.end();
        if (!quiet) screen.stderr.write(`${harmlessJson({ level: "warn", code, message })}\n`);
      },
    });
  } finally {
    progress?.end();
    for (const one of opened.values()) await one.then(({ exchange }) => exchange.close()).catch(() => undefined);
    shareRequestQueues(undefined);
    await state.close();
  }
}

/** Whoever runs this process may do everything; `serve` has not checked who it is. */
export function userOfThisMachine(): SweepCaller {
  const user = operatingSystemUser();
  return { id: user, person: user, isChecked: false, may: () => true, reaches: () => true };
}

/** An action by its name. Throws Failure `invalid-input`. */
export async function actionNamed(name: string): Promise<Action> {
  if (actionNames.includes(name)) return loadAction(name);
  throw new Failure("invalid-input", `There is no action ${name.slice(0, 100)}.${didYouMean(name, actionNames)}`);
}

/** Opens a worker in this process. Throws Failure. */
export function workerOf(desk: Desk) {
  const { state, screen, complain } = desk;
  const opening = async (connection: string, within: readonly (readonly string[] | undefined)[]) => {
    const { host, ...rest } = await desk.connection(connection);
    return { ...rest, host: { ...host, exchange: restrictToEach(host.exchange, within) } };
  };
  return openWorker({ state, open: opening, loadAction, signal: screen.signal, complain });
}
