import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "../../src/state/postgres.ts";
import { openState, type State } from "../../src/state/state.ts";
import { loadOwnDbos } from "./dbos-copies.ts";

/** What takes back each step of the migrations, the newest first. */
const steps: readonly (readonly [step: number, ...statements: readonly string[]])[] = [
  [
    15,
    "DROP TABLE mailcordon.budget_pauses",
    "ALTER TABLE mailcordon.budgets DROP COLUMN too_many",
    "ALTER TABLE mailcordon.budget_shares DROP COLUMN is_resting, DROP COLUMN wanted",
  ],
  [14, "ALTER TABLE mailcordon.sweep_targets DROP COLUMN note"],
  [13, "ALTER TABLE mailcordon.jobs DROP COLUMN entry", "DROP INDEX mailcordon.jobs_caller_created_at_idx"],
  [12, "ALTER TABLE mailcordon.sweeps DROP COLUMN begun_person, DROP COLUMN undo_begun_person"],
  [11, "DROP TABLE mailcordon.evidence_lines, mailcordon.evidence_indexes"],
  [
    10,
    `ALTER TABLE mailcordon.sweeps DROP COLUMN ended_state, DROP COLUMN undo_begun_by, DROP COLUMN undo_begun_at, DROP COLUMN undo_ended_at`,
  ],
  [9, "DROP TABLE mailcordon.sweep_watch_mailboxes, mailcordon.sweep_watches"],
  [8, "DROP TABLE mailcordon.sweep_workers", "ALTER TABLE mailcordon.keys DROP COLUMN owner"],
  [7, "DROP TABLE mailcordon.budget_shares, mailcordon.budgets"],
  [6, "DROP TABLE mailcordon.sweep_targets, mailcordon.sweep_mailboxes, mailcordon.sweeps"],
  [5, "ALTER TABLE mailcordon.keys DROP COLUMN interfaces"],
];

/** Takes a database back to the tables of the version that knew so many steps; the rows of newer tables and columns are lost. */
export async function takeBack(database: Database, step: number): Promise<void> {
  for (const [newer, ...statements] of steps.filter(([newer]) => newer > step)) {
    for (const statement of statements) await database.execute(statement, []);
    await database.execute("DELETE FROM mailcordon.migrations WHERE step >= $1", [newer]);
  }
}

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
