import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import { actionNames, loadAction } from "../../actions/load.ts";
import type { Action } from "../../catalogue/action-definition.ts";
import { type Opened, open } from "../../connection/open-connection.ts";
import { openEvidenceIndexOf } from "../../connection/open-evidence.ts";
import { restrictToEach } from "../../connection/restrict-to-mailboxes.ts";
import { Failure } from "../../failure.ts";
import { openAudit } from "../../perform/audit/audit-log.ts";
import { openHeadFile } from "../../perform/audit/audit-log-end.ts";
import { operatingSystemUser } from "../../perform/operating-system-user.ts";
import { loadEvidence } from "../../settings/load-evidence.ts";
import { loadAudit, loadSettings, readWrittenSettings, type SettingsFlags, type WrittenSettings } from "../../settings/load-settings.ts";
import { readServe } from "../../settings/serve-settings.ts";
import { whereItAnswers } from "../../state/audit-heads.ts";
import { openState, type State } from "../../state/state.ts";
import { connectionFacts } from "../../sweeps/connection-facts.ts";
import type { archiveAnswer } from "../../sweeps/report/evidence-archive.ts";
import type { SweepCaller } from "../../sweeps/service/sweep-access.ts";
import { openSweepService, type SweepService } from "../../sweeps/service/sweep-service.ts";
import { openWorker, type WorkerHost } from "../../sweeps/worker.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { shareRequestQueues } from "../../wire/throttling/request-queue.ts";

/** An open connection. */
export type OpenedConnection = WorkerHost & Pick<Opened, "exchange">;

/** Everything that the command line and the library need for sweeps: the settings, the database, the connections. */
export interface SweepHost {
  readonly written: WrittenSettings;
  readonly state: State;
  readonly service: SweepService;
  /** The operating system user of this process. */
  readonly caller: SweepCaller;
  /** Opens the audit log for uses that need no connection. */
  audit(): Promise<ReturnType<typeof openAudit>>;
  /** Writes the evidence archive of a sweep to a new file. Throws Failure. */
  archive(id: string, output: string): Promise<ReturnType<typeof archiveAnswer>>;
  /** Opens a connection once. Undefined: the default connection. Throws Failure. */
  connect(name: string | undefined): Promise<OpenedConnection>;
  /** Works on sweeps in this process until it is closed or the signal aborts. Only one call at a time in a process. Throws Failure. */
  work(signal: AbortSignal): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

export interface SweepHostOptions {
  readonly flags: SettingsFlags;
  readonly progress: (text: string) => void;
  readonly complain: (failure: Failure) => void;
  /** Called before the database is opened. */
  readonly found?: ((written: WrittenSettings) => void) | undefined;
}

/** Opens the settings and the database, and each connection when it is first needed. Throws Failure. */
export async function openSweepHost({ flags, progress, complain, found }: SweepHostOptions): Promise<SweepHost> {
  const written = await readWrittenSettings({ flags });
  found?.(written);
  const { stateDir, databaseUrl } = readServe(written);
  const state = await openState({ directory: stateDir, databaseUrl });
  // Do this before any connection is open: all processes share the number of requests that Exchange allows an account.
  shareRequestQueues((account, queue) => state.budgets.join(account, queue));
  const opened = new Map<string, Promise<OpenedConnection>>();
  const options = {
    evidenceLines: state.evidenceLines,
    exclusively: state.exclusively,
    auditHead: (log: string) => whereItAnswers(() => state.auditHead(log)),
  };
  const caller = userOfThisMachine();
  const openOne = async (name: string | undefined): Promise<OpenedConnection> => {
    // A connection that only the environment sets has no name in the file.
    const isDefault = name === undefined || name === written.defaultConnection;
    const settings = await loadSettings({ flags: isDefault ? flags : { ...flags, connection: name }, fileAlone: !isDefault });
    const one = await open(settings, options);
    return { exchange: one.exchange, host: { ...one, actor: caller.id, progress }, connection: connectionFacts(settings.connection) };
  };
  const connect = (name: string | undefined) => {
    const known = opened.get(name ?? "") ?? openOne(name);
    opened.set(name ?? "", known);
    return known;
  };
  const audit = async () => {
    const { file, heads, key } = await loadAudit({ flags });
    return openAudit(file, {
      exclusively: state.exclusively,
      heads: [openHeadFile(heads, file), options.auditHead(file)],
      key: key?.reveal(),
    });
  };
  const { secondPersonAbove } = written.sweep;
  const service = openSweepService({
    ...{ state, load: actionNamed, audit, secondPersonAbove },
    open: (name) => connect(name === "" ? undefined : name),
  });
  return {
    ...{ written, state, service, caller, audit, connect },
    async archive(id, output) {
      const [location, { file: auditFile }] = await Promise.all([loadEvidence({ flags }), loadAudit({ flags })]);
      const evidence = await openEvidenceIndexOf(location, state.evidenceLines);
      const made = await service.archive(id, caller, { evidence, auditFile, output: resolve(output) });
      return (await import("../../sweeps/report/evidence-archive.ts")).archiveAnswer(id, made, made.file);
    },
    work(signal) {
      // Every mailbox in progress listens to the signal.
      setMaxListeners(0, signal);
      const within = async (connection: string, callers: readonly (readonly string[] | undefined)[]) => {
        const { host, ...rest } = await connect(connection);
        return { ...rest, host: { ...host, exchange: restrictToEach(host.exchange, callers) } };
      };
      return openWorker({ state, open: within, loadAction, signal, complain });
    },
    async close() {
      for (const one of opened.values()) await one.then(({ exchange }) => exchange.close()).catch(() => undefined);
      shareRequestQueues(undefined);
      await state.close();
    },
  };
}

/** Returns the operating system user of this process, who may do everything; `serve` has not authenticated this caller. */
export function userOfThisMachine(): SweepCaller {
  const user = operatingSystemUser();
  return { id: user, person: user, isChecked: false, may: () => true, reaches: () => true };
}

/** Returns the action with this name. Throws Failure `invalid-input`. */
export async function actionNamed(name: string): Promise<Action> {
  if (actionNames.includes(name)) return loadAction(name);
  throw new Failure("invalid-input", `There is no action ${name.slice(0, 100)}.${didYouMean(name, actionNames)}`);
}
