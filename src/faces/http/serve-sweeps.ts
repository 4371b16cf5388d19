import { restrictToEach } from "../../connection/restrict-to-mailboxes.ts";
import { asFailure, Failure } from "../../failure.ts";
import { openSweepService, type SweepService } from "../../sweeps/service/sweep-service.ts";
import { openWorker } from "../../sweeps/worker.ts";
import type { AppOptions } from "./app-context.ts";
import { errorLine } from "./error-line.ts";
import { linkEvidence } from "./evidence-links.ts";
import type { Calls } from "./running-calls.ts";

/** How soon the server sees that another process has begun a sweep. Milliseconds. */
const pollIntervalMs = 5000;

/** The sweeps of the server. Undefined where it offers none. */
export function sweepService(
  { catalogue, connections, state, sweeps }: AppOptions,
  calls: Pick<Calls, "hostFor">,
): SweepService | undefined {
  if (sweeps === undefined) return undefined;
  return openSweepService({
    state,
    load: async (name) => {
      if (catalogue.names.includes(name)) return catalogue.load(name);
      throw new Failure("invalid-input", `There is no action ${name.slice(0, 100)}.`, { hint: "List the actions with GET /v1/actions." });
    },
    open: async (connection, { id, mailboxes, connections: named }) => ({
      host: await calls.hostFor({ id, grant: { roles: [], mailboxes, connections: named } }, connection),
      connection: await sweeps.connectionFacts(connection),
    }),
    // One audit log serves all connections.
    async audit() {
      const name = connections.defaultName ?? connections.names[0];
      return name === undefined ? undefined : (await connections.open(name)).audit;
    },
    secondPersonAbove: sweeps.secondPersonAbove,
  });
}

/** Works on the sweeps of the database in this process, from the first one that runs. `close` ends it. */
export function workOnSweeps({ catalogue, connections, state, sweeps, settings, log }: AppOptions, ending: AbortSignal) {
  let worker: ReturnType<typeof openWorker> | undefined;
  const complain = (failure: Failure) => log.error(errorLine(failure));
  const open = async (connection: string, within: readonly (readonly string[] | undefined)[]) => {
    if (sweeps === undefined || !connections.names.includes(connection))
      throw new Failure("invalid-settings", `The settings of this server have no connection ${connection}.`);
    const opened = await connections.open(connection);
    const exchange = restrictToEach(opened.exchange, within);
    const evidence = linkEvidence(opened.evidence, connection, settings.publicUrl);
    return {
      host: { ...opened, exchange, evidence, connection, readFile: undefined },
      connection: await sweeps.connectionFacts(connection),
    };
  };
  /** The engine takes memory: a server without sweeps does without it. */
  const begin = async (): Promise<void> => {
    if (worker !== undefined || ending.aborted || sweeps?.isWorker !== true) return;
    try {
      if (worker === undefined && (await state.sweeps.anyRunning()))
        worker ??= openWorker({ state, open, loadAction: catalogue.load, signal: ending, complain });
      await worker;
    } catch (thrown) {
      worker = undefined;
      complain(asFailure(thrown));
    }
  };
  const timer = setInterval(() => void begin(), pollIntervalMs);
  timer.unref();
  void begin();
  return {
    /** A sweep of this server has begun. */
    begin,
    async close() {
      clearInterval(timer);
      await worker?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}
