import { Failure } from "../../failure.ts";
import type { Sweep, SweepActor } from "../../state/sweep-store.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type PlanHeader, readPlanHeader } from "../plan-header.ts";

export type SweepRole = "read" | "contain" | "approve";

/** Somebody who asks something of a sweep. */
export interface SweepCaller {
  /** As the audit log names it. */
  readonly id: string;
  /** Who that is: the subject of a token, the owner of an API key, the user of this machine. Undefined where nobody has said it. */
  readonly person?: string | undefined;
  /** Whether it came through `serve`, which has checked who it is. */
  readonly isChecked: boolean;
  may(role: SweepRole): boolean;
  /** Addresses, or `*@example.com`; undefined: every mailbox. */
  readonly mailboxes?: readonly string[] | undefined;
  /** Names of connections; undefined: every one. */
  readonly connections?: readonly string[] | undefined;
  /** Whether it may reach a mailbox, or all that a pattern stands for. */
  reaches(address: string): boolean;
}

/** Throws Failure `access-denied` naming the roles, one of which is needed. */
export function demandRole(caller: SweepCaller, ...roles: readonly SweepRole[]): void {
  if (roles.some((role) => caller.may(role))) return;
  const named = roles.join(" or ");
  throw new Failure("access-denied", `This needs the role ${named}, which this caller does not have.`, {
    hint: `Ask an administrator for an API key with this role: mailcordon keys add --role ${roles[0]}.`,
  });
}

/** A caller who is limited to mailboxes or connections sees a sweep only if all its mailboxes are within its own. */
export function maySee(caller: SweepCaller, sweep: Sweep, addresses: readonly string[]): boolean {
  if (caller.connections !== undefined && !caller.connections.includes(sweep.connection)) return false;
  if (caller.mailboxes === undefined) return true;
  // Whoever planned it could see no more than this caller may.
  if (sweep.plannedWithin?.every(caller.reaches) === true && addresses.every(caller.reaches)) return true;
  const header = readPlanHeader(parseJson(sweep.plan));
  const looked = lookedInto(header);
  const others = [...header.unexamined, ...(header.not_examined ?? [])].map(({ mailbox }) => mailbox);
  return looked.length > 0 && [...looked, ...addresses, ...others].every(caller.reaches);
}

/** The mailboxes that a plan names; none where it took all. */
function lookedInto({ find }: PlanHeader): readonly string[] {
  return Array.isArray(find.mailboxes) ? find.mailboxes : [];
}

/** The caller as the database keeps it. */
export function actorOf(caller: SweepCaller): SweepActor {
  return { id: caller.id, person: caller.person, hasRole: caller.isChecked && caller.may("approve"), within: caller.mailboxes };
}
