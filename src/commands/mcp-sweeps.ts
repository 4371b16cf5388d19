import { join } from "node:path";
import type { Screen } from "../faces/cli/screen.ts";
import { harmless } from "../faces/cli/terminal.ts";
import type { ClientSweeps, OpenedSweeps } from "../faces/mcp/sweep-tools.ts";
import { asFailure, type Failure, withLocal } from "../failure.ts";
import { makeFolder } from "../files/make-folder.ts";
import { loadEvidence } from "../settings/load-evidence.ts";
import type { SettingsFlags } from "../settings/load-settings.ts";
import { openSweepHost, type SweepHost, userOfThisMachine } from "./sweep/sweep-host.ts";

/** The sweeps of `mailcordon mcp`. The database is opened by the first call of a tool: most clients call none. */
export function openMcpSweeps(flags: SettingsFlags, isReadOnly: boolean, { stderr, signal }: Pick<Screen, "stderr" | "signal">) {
  const user = userOfThisMachine();
  const caller = isReadOnly ? { ...user, may: (role: string) => role === "read" } : user;
  const complain = (failure: Failure) => void stderr.write(`mailcordon: ${harmless(withLocal(failure).message)}\n`);
  let host: Promise<SweepHost> | undefined;
  let worker: Promise<{ close(): Promise<void> } | undefined> | undefined;
  const opened = () => {
    host ??= openSweepHost({ flags, complain, progress: () => undefined });
    // A database that could not be opened may be there at the next call.
    host.catch(() => {
      host = undefined;
    });
    return host;
  };
  const sweeps: ClientSweeps = {
    ...{ caller, connection: "" },
    async open(): Promise<OpenedSweeps> {
      const { service, work, archive } = await opened();
      return {
        service,
        begun() {
          worker ??= work(signal).catch((thrown) => {
            worker = undefined;
            complain(asFailure(thrown));
            return undefined;
          });
        },
        async archive(id) {
          // A caller who may not see the sweep must learn nothing about the folder.
          const { sweep } = await service.status(id, caller);
          const { folder } = await loadEvidence({ flags });
          await makeFolder(folder, 0o700);
          await makeFolder(join(folder, "archives"), 0o700);
          const name = `sweep-${sweep}-${new Date().toISOString().replaceAll(/\D/g, "")}.zip`;
          const made = await archive(sweep, join(folder, "archives", name));
          // A client gets no path of this machine.
          return { ...made, archive: { ...made.archive, file: `archives/${name} in the folder for evidence` } };
        },
      };
    },
  };
  return {
    sweeps,
    async close(): Promise<void> {
      await (await worker)?.close();
      await (await host?.catch(() => undefined))?.close();
    },
  };
}
