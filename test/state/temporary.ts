import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openState, type State } from "../../src/state/state.ts";
import { loadOwnDbos } from "./dbos-copies.ts";

/** The tables that evidence brought, each before those that it refers to: dropped, they leave those of an earlier version. */
export const evidenceTables = ["evidence_lines", "evidence_indexes"] as const;

/** Those of sweeps and of every later step. */
export const sweepTables = [
  ...evidenceTables,
  ...["sweep_watch_mailboxes", "sweep_watches", "sweep_workers", "budget_shares", "budgets"],
  ...["sweep_targets", "sweep_mailboxes", "sweeps"],
] as const;

/** A folder for a state, and every state that was opened in it. */
export interface TemporaryState {
  readonly directory: string;
  /** Undefined: the database is the one that mailcordon starts in the folder. */
  readonly databaseUrl: string | undefined;
  open(): Promise<State>;
  /** Closes what was opened. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

export function temporaryState(): TemporaryState {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-state-"));
  const databaseUrl = newDatabase(process.env.TEST_DATABASE_SOCKETS);
  const opened: State[] = [];
  const close = async () => {
    for (const state of opened.splice(0)) await state.close();
  };
  return {
    directory,
    databaseUrl,
    async open() {
      const state = await openState({ directory, databaseUrl, mayDispatch: true, loadDbos: loadOwnDbos });
      opened.push(state);
      return state;
    },
    close,
    async remove() {
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Returns the URL of an empty database on the server whose socket is in the folder; undefined without a folder. */
function newDatabase(sockets: string | undefined): string | undefined {
  if (sockets === undefined) return undefined;
  const name = `test_${randomBytes(6).toString("hex")}`;
  execFileSync("psql", ["-q", "-h", sockets, "-U", "mailcordon", "-d", "postgres", "-c", `CREATE DATABASE ${name}`]);
  return `postgresql://mailcordon@/${name}?host=${encodeURIComponent(sockets)}`;
}
