import { Failure } from "../../failure.ts";
import type { Sweep, SweepActor } from "../../state/sweep-store.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type PlanHeader, readPlanHeader } from "../plan-header.ts";

export type SweepRole = "read" | "contain" | "approve";

/** The caller of a sweep operation. */
export interface SweepCaller {
  /** Name in the audit log. */
  readonly id: string;
  /** The person: the subject of a token, the owner of an API key, or the user of this machine. Undefined if unknown. */
  readonly person?: string | undefined;
  /** Whether `serve` has authenticated the caller. */
  readonly isChecked: boolean;
  may(role: SweepRole): boolean;
  /** Addresses, or `*@example.com`; undefined: every mailbox. */
  readonly mailboxes?: readonly string[] | undefined;
  /** Names of connections; undefined: every one. */
  readonly connections?: readonly string[] | undefined;
  /** Returns whether the caller may reach a mailbox, or every mailbox of a pattern. */
  reaches(address: string): boolean;
}

/** Throws Failure `access-denied` if the caller has none of the roles. */
export function demandRole(caller: SweepCaller, ...roles: readonly SweepRole[]): void {
  if (roles.some((role) => caller.may(role))) return;
  const named = roles.join(" or ");
  throw new Failure("access-denied", `This needs the role ${named}, which this caller does not have.`, {
    hint: `Ask an administrator for an API key with this role: mailcordon keys add --role ${roles[0]}.`,
  });
}

/** Returns whether the caller may see a sweep. A caller limited to mailboxes or connections sees it only if it may reach all mailboxes of the sweep. */
export function maySee(caller: SweepCaller, sweep: Sweep, addresses: readonly string[]): boolean {
  if (caller.connections !== undefined && !caller.connections.includes(sweep.connection)) return false;
  if (caller.mailboxes === undefined) return true;
  // The planner was limited to mailboxes that this caller may reach as well.
  if (sweep.plannedWithin?.every(caller.reaches) === true && addresses.every(caller.reaches)) return true;
  const header = readPlanHeader(parseJson(sweep.plan));
  const looked = lookedInto(header);
  const others = [...header.unexamined, ...(header.not_examined ?? [])].map(({ mailbox }) => mailbox);
  return looked.length > 0 && [...looked, ...addresses, ...others].every(caller.reaches);
}

/** Returns the mailboxes that a plan names; empty if it covers all. */
function lookedInto({ find }: PlanHeader): readonly string[] {
  return Array.isArray(find.mailboxes) ? find.mailboxes : [];
}

/** Returns the caller as the database keeps it. */
export function actorOf(caller: SweepCaller): SweepActor {
  return { id: caller.id, person: caller.person, hasRole: caller.isChecked && caller.may("approve"), within: caller.mailboxes };
}
