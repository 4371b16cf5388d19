import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";

/** The requests of one account in this process. */
export interface BudgetUser {
  readonly active: number;
  readonly isBusy: boolean;
  hold(ms: number, reason: { readonly text: string; readonly asked: boolean }): void;
  advance(): void;
}

/** What this process may have under way of the requests that a server allows an account. */
export interface BudgetShare {
  readonly share: number;
  wanted(most: number): void;
  paused(ms: number, reason: { readonly text: string; readonly asked: boolean }): void;
  turnedAway(named: number | undefined): void;
}

/** The budgets of accounts, shared by every process that uses the database. */
export interface SharedBudgets {
  join(account: string, user: BudgetUser): BudgetShare;
  /** Gives back what this process has. */
  close(): Promise<void>;
}

/** So often a process looks for what others gave back or were told; between, no request asks the database. Milliseconds. */
const lookEveryMs = 1000;
/** Requests that were under way together are turned away together, and count once. Seconds. */
const onceWithinSeconds = 2;
/** So long nothing is turned away until one request more is tried, and then again. Seconds. */
const raiseAfterSeconds = 60;

const BudgetRow = z.object({ allowed: z.number(), pause_ms: z.number().nullable() });
const ShareRow = z.object({ instance: z.number(), held: z.number() });

/** One account in this process. */
interface Joined {
  readonly account: string;
  readonly user: BudgetUser;
  share: number;
  most: number;
  hurry: (() => void) | undefined;
}

export function openSharedBudgets(database: Database): SharedBudgets {
  const budgets = `${schema}.budgets`;
  const shares = `${schema}.budget_shares`;
  const me = database.instance;
  const all: Joined[] = [];
  let closing = false;
  const loops: Promise<void>[] = [];
  const noted: Promise<unknown>[] = [];

  /** Gives out the share anew: never more than is free, so that all processes together keep to what is allowed. */
  const settle = async (joined: Joined): Promise<void> => {
    const { account, user, most } = joined;
    await database.exclusively(`budget ${account}`, async () => {
      await database.execute(
        `INSERT INTO ${budgets} (account, allowed, most) VALUES ($1, $2, $2)
         ON CONFLICT (account) DO UPDATE SET most = $2, allowed = CASE
           WHEN ${budgets}.allowed > $2 THEN $2
           WHEN ${budgets}.allowed < least($2, ${budgets}.named) AND ${budgets}.changed_at < now() - make_interval(secs => ${raiseAfterSeconds}) THEN ${budgets}.allowed + 1
           ELSE ${budgets}.allowed END,
         changed_at = CASE WHEN ${budgets}.changed_at < now() - make_interval(secs => ${raiseAfterSeconds}) THEN now() ELSE ${budgets}.changed_at END`,
        [account, most],
      );
      await database.execute(`DELETE FROM ${shares} WHERE account = $1 AND instance <> $2 AND NOT ${aliveSql("instance")}`, [account, me]);
      if (!user.isBusy && user.active === 0) {
        await database.execute(`DELETE FROM ${shares} WHERE account = $1 AND instance = $2`, [account, me]);
        joined.share = 0;
      } else {
        // Those that were alone give some of theirs.
        await database.execute(
          `INSERT INTO ${shares} (account, instance) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ${notifySql("budget", "'more'")}`,
          [account, me],
        );
        const [budget] = await database.query(BudgetRow, `SELECT allowed, ${pauseSql} AS pause_ms FROM ${budgets} WHERE account = $1`, [
          account,
        ]);
        const held = await database.query(ShareRow, `SELECT instance, held FROM ${shares} WHERE account = $1 ORDER BY instance`, [account]);
        const allowed = budget?.allowed ?? 1;
        const rank = held.findIndex(({ instance }) => instance === me);
        const fair = Math.floor(allowed / held.length) + (rank < allowed % held.length ? 1 : 0);
        const others = held.reduce((sum, one) => sum + (one.instance === me ? 0 : one.held), 0);
        joined.share = Math.max(0, Math.min(fair, allowed - others));
        // What is under way is held until it has ended.
        const now = Math.max(joined.share, user.active);
        const before = held[rank]?.held ?? 0;
        if (now !== before) {
          await database.execute(`UPDATE ${shares} SET held = $3 WHERE account = $1 AND instance = $2`, [account, me, now]);
          // Others may take what is free now.
          if (now < before) await database.execute(`SELECT ${notifySql("budget", "'free'")}`, []);
        }
        if (budget?.pause_ms != null && budget.pause_ms > 0)
          user.hold(budget.pause_ms, { text: "Exchange asked another process of mailcordon to wait", asked: true });
      }
    });
    user.advance();
  };

  const look = async (joined: Joined): Promise<void> => {
    while (!closing) {
      const soon = new Promise<void>((resolve) => {
        joined.hurry = resolve;
      });
      // A database that is away comes back; meanwhile the last share counts, which all others have left free.
      if (joined.most > 0) await settle(joined).catch(() => undefined);
      const timer = new AbortController();
      await Promise.race([soon, pause(lookEveryMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
  };
  database.hear("budget", () => {
    for (const { hurry } of all) hurry?.();
  });
  /** What cannot be noted is learned again by the next request that is turned away. */
  const note = (text: string, values: readonly unknown[]) => {
    noted.push(database.execute(text, values).catch(() => undefined));
  };

  return {
    join(account, user) {
      const joined: Joined = { account, user, share: 0, most: 0, hurry: undefined };
      all.push(joined);
      loops.push(look(joined));
      return {
        get share() {
          return joined.share;
        },
        wanted(most) {
          const isFirst = joined.most !== most || joined.share === 0;
          joined.most = most;
          if (isFirst) joined.hurry?.();
        },
        paused(ms) {
          note(
            `WITH told AS (UPDATE ${budgets} SET paused_until = greatest(paused_until, now() + make_interval(secs => $2::float / 1000)) WHERE account = $1 RETURNING account)
             SELECT ${notifySql("budget", "'pause'")} FROM told`,
            [account, ms],
          );
        },
        turnedAway(named) {
          joined.share = Math.max(1, Math.floor(joined.share / 2));
          const isNew = `turned_away_at IS NULL OR turned_away_at < now() - make_interval(secs => ${onceWithinSeconds})`;
          note(
            `WITH told AS (UPDATE ${budgets} SET allowed = greatest(1, least(CASE WHEN ${isNew} THEN allowed / 2 ELSE allowed END, $2::integer)),
               named = least(named, $2::integer), changed_at = now(), turned_away_at = now() WHERE account = $1 RETURNING account)
             SELECT ${notifySql("budget", "'less'")} FROM told`,
            [account, named ?? null],
          );
        },
      };
    },
    async close() {
      closing = true;
      if (all.length === 0) return;
      for (const { hurry } of all) hurry?.();
      await Promise.all(loops);
      await Promise.all(noted);
      await database.execute(`DELETE FROM ${shares} WHERE instance = $1`, [me]).catch(() => undefined);
      // Whatever this process still asks for, nobody shares with it any more.
      for (const joined of all) {
        joined.share = Number.POSITIVE_INFINITY;
        joined.user.advance();
      }
    },
  };
}

const pauseSql = "(extract(epoch FROM paused_until - now()) * 1000)::float";
