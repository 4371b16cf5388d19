import type { Client } from "pg";

// Ours, because a library needs more than these 25 lines of code: node-pg-migrate 9 and postgres-migrations 5 read a folder of files, which a bundled
// program does not have, and have 485 and 134 KB (with pg); umzug 3 has 699 KB and leaves lock, transaction and table to us.

/** Our own schema, so the database may also serve others. */
export const schema = "mailcordon";

/** The steps in their order. Never change a released one. */
const migrations: readonly string[] = [
  `CREATE SEQUENCE ${schema}.instances AS integer CYCLE;

   CREATE TABLE ${schema}.keys (
     id text PRIMARY KEY,
     name text NOT NULL,
     secret_hash bytea NOT NULL,
     roles text[] NOT NULL,
     mailboxes text[],
     connections text[],
     created_at timestamptz NOT NULL DEFAULT now(),
     expires_at timestamptz,
     revoked_at timestamptz,
     last_used_at timestamptz
   );

   CREATE TABLE ${schema}.idempotency (
     caller text NOT NULL,
     key text NOT NULL,
     fingerprint text NOT NULL,
     owner integer NOT NULL,
     status integer,
     body text,
     began_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (caller, key)
   );
   CREATE INDEX ON ${schema}.idempotency (began_at);

   CREATE TABLE ${schema}.jobs (
     id uuid PRIMARY KEY,
     caller text NOT NULL,
     action text NOT NULL,
     repeatable boolean NOT NULL,
     call text,
     status text NOT NULL,
     owner integer,
     progress text,
     cancel boolean NOT NULL DEFAULT false,
     answer text,
     answer_status integer,
     created_at timestamptz NOT NULL DEFAULT now(),
     finished_at timestamptz
   );
   CREATE INDEX ON ${schema}.jobs (finished_at);
   CREATE INDEX ON ${schema}.jobs (caller) WHERE finished_at IS NULL;`,

  `CREATE TABLE ${schema}.audit_heads (
     log text PRIMARY KEY,
     entries integer NOT NULL,
     bytes bigint NOT NULL,
     hash text NOT NULL,
     left_at timestamptz NOT NULL DEFAULT now()
   );`,

  `CREATE INDEX ON ${schema}.jobs (caller);`,

  `ALTER TABLE ${schema}.jobs ADD COLUMN scope text;`,

  `ALTER TABLE ${schema}.keys ADD COLUMN interfaces text[];`,

  // The work of sweeps, planned and done. A column `owner` contains the number of the process that works on the row.
  `CREATE TABLE ${schema}.sweeps (
     id text PRIMARY KEY,
     state text NOT NULL DEFAULT 'planned',
     direction text NOT NULL DEFAULT 'act',
     round integer NOT NULL DEFAULT 0,
     connection text NOT NULL,
     plan text NOT NULL,
     plan_hash text NOT NULL,
     planned_by text NOT NULL,
     planned_at timestamptz NOT NULL DEFAULT now(),
     approved_by text,
     approved_at timestamptz,
     begun_by text,
     begun_at timestamptz,
     ended_at timestamptz
   );
   CREATE INDEX ON ${schema}.sweeps (planned_at);

   CREATE TABLE ${schema}.sweep_mailboxes (
     sweep text NOT NULL REFERENCES ${schema}.sweeps ON DELETE CASCADE,
     number integer NOT NULL,
     chunk integer NOT NULL,
     address text NOT NULL,
     open boolean NOT NULL DEFAULT false,
     owner integer,
     tries integer NOT NULL DEFAULT 0,
     retry_at timestamptz,
     PRIMARY KEY (sweep, number)
   );
   CREATE INDEX ON ${schema}.sweep_mailboxes (sweep, chunk) WHERE open;
   CREATE INDEX ON ${schema}.sweep_mailboxes (owner) WHERE owner IS NOT NULL;

   CREATE TABLE ${schema}.sweep_targets (
     sweep text NOT NULL,
     number integer NOT NULL,
     mailbox integer NOT NULL,
     facts text NOT NULL,
     state text NOT NULL DEFAULT 'planned',
     attempts integer NOT NULL DEFAULT 0,
     intent_at timestamptz,
     outcome text,
     outcome_at timestamptz,
     undo_state text,
     undo_attempts integer NOT NULL DEFAULT 0,
     undo_intent_at timestamptz,
     undo_outcome text,
     undo_outcome_at timestamptz,
     PRIMARY KEY (sweep, number),
     FOREIGN KEY (sweep, mailbox) REFERENCES ${schema}.sweep_mailboxes ON DELETE CASCADE
   );
   CREATE INDEX ON ${schema}.sweep_targets (sweep, mailbox);`,

  `CREATE TABLE ${schema}.budgets (
     account text PRIMARY KEY,
     allowed integer NOT NULL,
     most integer NOT NULL,
     named integer,
     changed_at timestamptz NOT NULL DEFAULT now(),
     turned_away_at timestamptz,
     paused_until timestamptz
   );

   CREATE TABLE ${schema}.budget_shares (
     account text NOT NULL,
     instance integer NOT NULL,
     held integer NOT NULL DEFAULT 0,
     PRIMARY KEY (account, instance)
   );`,

  `ALTER TABLE ${schema}.keys ADD COLUMN owner text;
   ALTER TABLE ${schema}.sweeps
     ADD COLUMN planned_person text,
     ADD COLUMN planned_within text[],
     ADD COLUMN approved_person text,
     ADD COLUMN approved_with_role boolean NOT NULL DEFAULT false,
     ADD COLUMN begun_within text[];
   ALTER TABLE ${schema}.sweep_mailboxes ADD COLUMN waits_for text;
   CREATE TABLE ${schema}.sweep_workers (
     instance integer PRIMARY KEY,
     seen_at timestamptz NOT NULL DEFAULT now()
   );`,

  `CREATE TABLE ${schema}.sweep_watches (
     sweep text PRIMARY KEY REFERENCES ${schema}.sweeps ON DELETE CASCADE,
     until timestamptz NOT NULL,
     every_seconds integer NOT NULL,
     most integer NOT NULL,
     arrived integer NOT NULL DEFAULT 0,
     ended_at timestamptz,
     ended_why text
   );
   CREATE TABLE ${schema}.sweep_watch_mailboxes (
     sweep text NOT NULL REFERENCES ${schema}.sweep_watches ON DELETE CASCADE,
     number integer NOT NULL,
     address text NOT NULL,
     due_at timestamptz NOT NULL DEFAULT now(),
     looked_at timestamptz,
     owner integer,
     problem text,
     PRIMARY KEY (sweep, number)
   );
   CREATE INDEX ON ${schema}.sweep_watch_mailboxes (due_at);
   ALTER TABLE ${schema}.sweep_targets ADD COLUMN arrived_at timestamptz;`,

  // The undo of an earlier version overwrote who had begun the sweep and when it had ended: the remaining values belong to the undo.
  `ALTER TABLE ${schema}.sweeps
     ADD COLUMN ended_state text,
     ADD COLUMN undo_begun_by text,
     ADD COLUMN undo_begun_at timestamptz,
     ADD COLUMN undo_ended_at timestamptz;
   UPDATE ${schema}.sweeps SET undo_begun_by = begun_by, undo_ended_at = ended_at, begun_by = NULL, ended_at = NULL WHERE direction = 'undo';`,

  // The content of the evidence files index.jsonl, as far as they were read. `at`: the byte at which a line begins.
  `CREATE TABLE ${schema}.evidence_indexes (
     id text PRIMARY KEY,
     bytes bigint NOT NULL,
     tail text NOT NULL,
     added_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE TABLE ${schema}.evidence_lines (
     index text NOT NULL REFERENCES ${schema}.evidence_indexes ON DELETE CASCADE,
     at bigint NOT NULL,
     sha256 text NOT NULL,
     line text NOT NULL,
     PRIMARY KEY (index, at)
   );
   CREATE INDEX ON ${schema}.evidence_lines (sha256, index);`,

  `ALTER TABLE ${schema}.sweeps ADD COLUMN begun_person text, ADD COLUMN undo_begun_person text;`,

  // Jobs move from the queue of pg-boss to that of DBOS. pg-boss contained only ids of jobs, and the unfinished jobs themselves are in `jobs`: a queued job
  // goes to the new queue, and a running job of a dead process is repeated or becomes lost. A queue with an unknown id is left unchanged.
  `ALTER TABLE ${schema}.jobs ADD COLUMN entry integer NOT NULL DEFAULT 0;
   CREATE INDEX ON ${schema}.jobs (caller, created_at) WHERE status = 'queued';
   DO $$
   DECLARE unknown integer := 0;
   BEGIN
     IF to_regclass('mailcordon_queue.job') IS NOT NULL THEN
       EXECUTE $query$SELECT count(*) FROM mailcordon_queue.job WHERE name = 'calls' AND state < 'completed'
         AND NOT EXISTS (SELECT FROM ${schema}.jobs WHERE id::text = data->>'id')$query$ INTO unknown;
     END IF;
     IF unknown = 0 THEN
       DROP SCHEMA IF EXISTS mailcordon_queue CASCADE;
     END IF;
   END $$;`,

  `ALTER TABLE ${schema}.sweep_targets ADD COLUMN note text;`,

  `ALTER TABLE ${schema}.budgets ADD COLUMN too_many integer;
   ALTER TABLE ${schema}.budget_shares ADD COLUMN is_resting boolean NOT NULL DEFAULT false, ADD COLUMN wanted integer NOT NULL DEFAULT 0;
   CREATE TABLE ${schema}.budget_pauses (
     account text NOT NULL,
     mailbox text NOT NULL,
     until timestamptz NOT NULL,
     PRIMARY KEY (account, mailbox)
   );`,
];

/** Keeps two processes that start together from migrating at the same time: any number that no other lock of ours uses. */
const migrationLock = 1;

/** Brings the tables to this version. Safe to run in several processes at a time. */
export async function migrate(client: Client, lockSpace: number): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1, $2)", [lockSpace, -migrationLock]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${schema}.migrations (step integer PRIMARY KEY, done_at timestamptz NOT NULL DEFAULT now())`,
    );
    const { rows } = await client.query<{ done: number }>(`SELECT coalesce(max(step), 0) AS done FROM ${schema}.migrations`);
    const done = rows[0]?.done ?? 0;
    for (const [at, statements] of migrations.entries()) {
      if (at < done) continue;
      await client.query(statements);
      await client.query(`INSERT INTO ${schema}.migrations (step) VALUES ($1)`, [at + 1]);
    }
    await client.query("COMMIT");
  } catch (thrown) {
    await client.query("ROLLBACK");
    throw thrown;
  }
}
