import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";

/** The reason for a wait. */
interface Reason {
  readonly text: string;
  readonly asked: boolean;
}

/** The requests of one account in this process. A scope is a mailbox, or (undefined) the whole account. */
export interface BudgetUser {
  readonly active: number;
  readonly isBusy: boolean;
  readonly waiting: number;
  hold(scope: string | undefined, ms: number, reason: Reason): void;
  advance(): void;
}

/** The part of a server's allowance for an account that this process may use. */
export interface BudgetShare {
  readonly share: number;
  recordWanted(most: number, first: number): void;
  recordPause(scope: string | undefined, ms: number, reason: Reason): void;
  recordThrottled(named: number | undefined): void;
}

/** The budgets of accounts, shared by every process that uses the database. */
export interface SharedBudgets {
  join(account: string, user: BudgetUser): BudgetShare;
  /** Gives back the shares of this process. */
  close(): Promise<void>;
}

/** Interval at which a process checks what other processes gave back or were told; between two checks, no request queries the database. Milliseconds. */
const pollIntervalMs = 1000;
/** How long a process keeps using its share while the database does not answer; after that it uses `minShare`. Milliseconds. */
const shareValidMs = 30_000;
/**
 * Number of requests that a process may always have under way once it had a share, so its first request after a rest need not wait for the database. An idle
 * process keeps it as its share unless too many processes are idle; then it exceeds the allowance by one request until the shares are next divided.
 */
const minShare = 1;
/** Idle processes together keep at most one part in this many of the allowance. */
const restingPart = 5;
/** How long a process waits for its first share before it begins with `minShare`. Milliseconds. */
const firstShareMs = 1000;
/** Refusals of requests that were under way together count once within this time. Seconds. */
const onceWithinSeconds = 2;
/** Wait between a change and the next attempt to raise the allowance to a number that the server has served before or was never asked for. Seconds. */
const raiseAfterSeconds = 1;
/** The same wait for a number that the server has refused before. Seconds. */
const probeAfterSeconds = 60;
/** How long a refusal may be due to the one request by which this process exceeded the allowance. Milliseconds. */
const overdraftMs = 1000;
/** A process gets this many more than it has requests, so that not every further request queries the database. */
const spareRequests = 2;
/** Maximum number of mailbox pauses that one poll reads. */
const maxPauses = 1000;

const BudgetRow = z.object({ allowed: z.number(), pause_ms: z.number().nullable() });
const ShareRow = z.object({ instance: z.number(), held: z.number(), is_resting: z.boolean(), wanted: z.number() });
const PauseRow = z.object({ mailbox: z.string(), ms: z.number() });

/** The use of one account by this process. */
interface AccountUse {
  readonly account: string;
  readonly user: BudgetUser;
  share: number;
  most: number;
  first: number;
  /** When the share was last decided (of `performance.now()`); undefined: never. */
  settledAt: number | undefined;
  /** Whether no request was under way or wanted when the share was last decided. */
  isResting: boolean;
  /** Whether requests are wanted after a rest, and the share is not decided yet. */
  isWaitingForShare: boolean;
  /** Maximum number of requests that were under way or waited together since the share was last decided. */
  peak: number;
  /** Whether the share was as large as wanted when it was last decided. */
  isCapped: boolean;
  /** How often a request was turned away for the budget of the account. */
  refusals: number;
  /** Nothing is sent before this time, because a request was refused, unless the share is decided earlier (of `performance.now()`). */
  quietUntil: number;
  /** Until this time more requests may be under way than allowed (of `performance.now()`). */
  overdraftUntil: number;
  /** Whether something may have changed since the last poll. */
  isStale: boolean;
  pollNow: (() => void) | undefined;
}

export function openSharedBudgets(database: Database): SharedBudgets {
  const budgets = `${schema}.budgets`;
  const shares = `${schema}.budget_shares`;
  const pauses = `${schema}.budget_pauses`;
  const ownInstance = database.instance;
  const all: AccountUse[] = [];
  let closing = false;
  let isClosed = false;
  const loops: Promise<void>[] = [];
  const noted = new Set<Promise<unknown>>();

  /** Stops sending for as long as Exchange has asked any process to wait. */
  const readPauses = async ({ account, user }: AccountUse): Promise<void> => {
    const reason = { text: "Exchange asked another process of mailcordon to wait", asked: true };
    const rows = await database.query(
      PauseRow,
      `SELECT mailbox, (extract(epoch FROM until - now()) * 1000)::float AS ms FROM ${pauses} WHERE account = $1 AND until > now()
       ORDER BY until DESC LIMIT ${maxPauses}`,
      [account],
    );
    for (const { mailbox, ms } of rows) user.hold(mailbox, ms, reason);
    const [budget] = await database.query(BudgetRow, `SELECT allowed, ${pauseSql} AS pause_ms FROM ${budgets} WHERE account = $1`, [
      account,
    ]);
    if (budget?.pause_ms != null && budget.pause_ms > 0) user.hold(undefined, budget.pause_ms, reason);
  };

  /** Decides the share anew: never more than is free, so that all processes together respect the allowance. */
  const settle = async (joined: AccountUse): Promise<void> => {
    const { account, user, most, first } = joined;
    joined.isStale = false;
    const { refusals } = joined;
    await Promise.all(noted);
    await database.exclusively(`budget ${account}`, async () => {
      if (!user.isBusy) {
        const before = joined.share;
        joined.isResting = true;
        joined.share = 0;
        // An idle process keeps the minimum share if that leaves enough for the others.
        const [kept] = await database.query(
          z.object({ held: z.number() }),
          `WITH may AS (SELECT CASE WHEN (SELECT count(*) FROM ${shares} WHERE account = $1 AND instance <> $2 AND is_resting AND held > 0) < allowed / ${restingPart}
               THEN ${minShare} ELSE 0 END AS keep FROM ${budgets} WHERE account = $1),
             kept AS (UPDATE ${shares} s SET is_resting = true, held = keep FROM may
               WHERE s.account = $1 AND s.instance = $2 AND (NOT s.is_resting OR s.held <> keep) RETURNING s.held)
           SELECT held, ${notifySql("budget", "'free'")}::text FROM kept`,
          [account, ownInstance],
        );
        // If requests are wanted again meanwhile, the share is decided anew.
        if (joined.isResting) joined.share = kept?.held ?? before;
      } else {
        const isPressed = user.waiting > 0 && user.active >= joined.share;
        const wanted = Math.min(most, Math.max(joined.peak, user.active + user.waiting) + spareRequests);
        joined.peak = 0;
        // Use the row as locked (`b`), not as first read: a request of another process may have been refused in between.
        await database.execute(
          `INSERT INTO ${budgets} AS b (account, allowed, most) VALUES ($1, $4, $2)
           ON CONFLICT (account) DO UPDATE SET most = $2, (allowed, changed_at) = (
             SELECT CASE WHEN b.allowed > $2 THEN $2 WHEN may.rise THEN least($2, b.named, greatest(b.allowed + 1,
                 least(b.allowed + b.allowed / 4, b.too_many - 1))) ELSE b.allowed END,
               CASE WHEN may.rise THEN now() ELSE b.changed_at END
             FROM (SELECT $3 AND b.allowed < least($2, b.named) AND b.changed_at < now() - make_interval(secs =>
               CASE WHEN b.allowed + 1 < coalesce(b.too_many, $2 + 2) THEN ${raiseAfterSeconds} ELSE ${probeAfterSeconds} END) AS rise) may)`,
          [account, most, isPressed, first],
        );
        await database.execute(`DELETE FROM ${shares} WHERE account = $1 AND instance <> $2 AND NOT ${aliveSql("instance")}`, [
          account,
          ownInstance,
        ]);
        // Processes that were alone give up part of their shares.
        await database.execute(
          `INSERT INTO ${shares} (account, instance, wanted) VALUES ($1, $2, $3) ON CONFLICT (account, instance) DO UPDATE SET is_resting = false, wanted = $3
             WHERE ${shares}.is_resting OR ${shares}.wanted <> $3
           RETURNING CASE WHEN held < $3 THEN ${notifySql("budget", "'more'")} END`,
          [account, ownInstance, wanted],
        );
        const [budget] = await database.query(BudgetRow, `SELECT allowed, ${pauseSql} AS pause_ms FROM ${budgets} WHERE account = $1`, [
          account,
        ]);
        const held = await database.query(
          ShareRow,
          `SELECT instance, held, is_resting, wanted FROM ${shares} WHERE account = $1 ORDER BY instance`,
          [account],
        );
        const allowed = budget?.allowed ?? first;
        const busy = held.filter((one) => !one.is_resting);
        const rank = busy.findIndex(({ instance }) => instance === ownInstance);
        const left = allowed - held.reduce((sum, one) => sum + (one.is_resting ? one.held : 0), 0);
        const fair =
          fairShares(
            busy.map((one) => one.wanted),
            left,
          )[rank] ?? 0;
        const others = held.reduce((sum, one) => sum + (one.instance === ownInstance ? 0 : one.held), 0);
        const given = Math.max(0, Math.min(fair, allowed - others));
        // A share read before a refusal may be too large.
        joined.share = joined.refusals === refusals ? given : Math.min(given, joined.share);
        if (joined.refusals === refusals) joined.quietUntil = Number.NEGATIVE_INFINITY;
        joined.isCapped = joined.share === wanted && wanted < most;
        if (others + user.active > allowed) joined.overdraftUntil = performance.now() + overdraftMs;
        // Requests under way keep their part of the share until they have ended.
        const now = Math.max(joined.share, user.active);
        const before = busy[rank]?.held ?? 0;
        if (now !== before) {
          await database.execute(`UPDATE ${shares} SET held = $3 WHERE account = $1 AND instance = $2`, [account, ownInstance, now]);
          // Other processes may take the part that is free now.
          if (now < before) await database.execute(`SELECT ${notifySql("budget", "'free'")}`, []);
        }
        joined.isWaitingForShare = false;
      }
      joined.settledAt = performance.now();
    });
    await readPauses(joined);
  };

  const look = async (joined: AccountUse): Promise<void> => {
    while (!closing) {
      const soon = new Promise<void>((resolve) => {
        joined.pollNow = resolve;
      });
      // The database may come back. An idle process has given its share back, so it need not poll every second.
      if (joined.most > 0 && (!joined.isResting || joined.isStale)) {
        await settle(joined).catch(() => undefined);
        // Do this after a failure as well: the number of requests allowed without the database depends on how long it has been unreachable.
        joined.user.advance();
      }
      const timer = new AbortController();
      await Promise.race([soon, pause(pollIntervalMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
  };
  database.onNotification("budget", () => {
    for (const joined of all) {
      joined.isStale = true;
      joined.pollNow?.();
    }
  });
  /** A fact that cannot be stored here is learned again from the next refused request. */
  const note = (text: string, values: readonly unknown[]) => {
    const noting = database.execute(text, values).then(
      () => void noted.delete(noting),
      () => void noted.delete(noting),
    );
    noted.add(noting);
  };

  return {
    join(account, user) {
      const rest = {
        share: 0,
        most: 0,
        first: 0,
        isResting: true,
        isWaitingForShare: false,
        isStale: false,
        peak: 0,
        refusals: 0,
        quietUntil: Number.NEGATIVE_INFINITY,
        isCapped: false,
        pollNow: undefined,
      };
      const joined: AccountUse = { account, user, ...rest, settledAt: undefined, overdraftUntil: Number.NEGATIVE_INFINITY };
      let askedAt: number | undefined;
      all.push(joined);
      loops.push(look(joined));
      return {
        get share() {
          if (isClosed) return Number.POSITIVE_INFINITY;
          const now = performance.now();
          if (now < joined.quietUntil) return 0;
          if (joined.settledAt === undefined) return now - (askedAt ?? now) > firstShareMs ? minShare : 0;
          if (joined.isWaitingForShare) return Math.max(minShare, joined.share);
          return now - joined.settledAt > shareValidMs ? minShare : joined.share;
        },
        recordWanted(most, first) {
          const isOther = joined.most !== most;
          joined.most = most;
          joined.first = first;
          askedAt ??= performance.now();
          if (joined.isResting) joined.isWaitingForShare = true;
          joined.peak = Math.max(joined.peak, user.active + user.waiting);
          if (joined.isResting || isOther || (joined.isCapped && joined.peak > joined.share)) joined.pollNow?.();
          joined.isResting = false;
        },
        recordPause(scope, ms, { asked }) {
          if (scope !== undefined && asked)
            note(
              `WITH over AS (DELETE FROM ${pauses} WHERE account = $1 AND mailbox <> $2 AND until < now()),
                 told AS (INSERT INTO ${pauses} (account, mailbox, until) VALUES ($1, $2, now() + make_interval(secs => $3::float / 1000))
                   ON CONFLICT (account, mailbox) DO UPDATE SET until = greatest(${pauses}.until, excluded.until) RETURNING account)
               SELECT ${notifySql("budget", "'pause'")} FROM told`,
              [account, scope, ms],
            );
          if (scope === undefined)
            note(
              `WITH told AS (UPDATE ${budgets} SET paused_until = greatest(paused_until, now() + make_interval(secs => $2::float / 1000)) WHERE account = $1 RETURNING account)
               SELECT ${notifySql("budget", "'pause'")} FROM told`,
              [account, ms],
            );
        },
        recordThrottled(named) {
          const now = performance.now();
          joined.refusals += 1;
          // Otherwise each waiting mailbox would send a request of its own, which would be refused as well.
          joined.quietUntil = now + pollIntervalMs;
          joined.pollNow?.();
          // The server refused the one request too many, not the allowance.
          if (named === undefined && now < joined.overdraftUntil) return;
          joined.share = Math.max(minShare, Math.floor(joined.share / 2));
          const isNew = `turned_away_at IS NULL OR turned_away_at < now() - make_interval(secs => ${onceWithinSeconds})`;
          note(
            `WITH told AS (UPDATE ${budgets} SET allowed = greatest(1, least(CASE WHEN ${isNew} THEN allowed / 2 ELSE allowed END, $2::integer)),
               too_many = CASE WHEN ${isNew} THEN greatest(2, allowed) ELSE too_many END,
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
      for (const { pollNow } of all) pollNow?.();
      await Promise.all(loops);
      await Promise.all(noted);
      await database.execute(`DELETE FROM ${shares} WHERE instance = $1`, [ownInstance]).catch(() => undefined);
      // Whatever this process still wants, it no longer has a share.
      isClosed = true;
      for (const { user } of all) user.advance();
    },
  };
}

/** Divides `total`: nobody gets more than wanted, and the unused part of one is divided among the others. */
function fairShares(wanted: readonly number[], total: number): readonly number[] {
  const shares = wanted.map(() => 0);
  let left = Math.max(0, total);
  let open = [...wanted.keys()];
  while (left > 0 && open.length > 0) {
    const each = Math.floor(left / open.length);
    const more = open.filter((at) => (wanted[at] ?? 0) > (shares[at] ?? 0) + each);
    // The first ones get the remainder of the division.
    const extra = each === 0 ? left : 0;
    for (const [place, at] of open.entries()) {
      const given = Math.min(each + (place < extra ? 1 : 0), (wanted[at] ?? 0) - (shares[at] ?? 0));
      shares[at] = (shares[at] ?? 0) + given;
      left -= given;
    }
    if (each === 0) break;
    open = more;
  }
  return shares;
}

const pauseSql = "(extract(epoch FROM paused_until - now()) * 1000)::float";
