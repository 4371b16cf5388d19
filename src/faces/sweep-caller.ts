import { isGranted } from "../connection/restrict-to-mailboxes.ts";
import type { Role } from "../state/keys.ts";
import type { SweepCaller } from "../sweeps/service/sweep-access.ts";
import type { Caller } from "./http/callers/authentication.ts";

/** Converts a caller of the server to a caller of the sweep service. */
export function sweepCallerOf({ id, person, grant }: Caller): SweepCaller {
  const has = (role: Role) => grant.roles.includes(role) || grant.roles.includes("admin");
  return {
    ...{ id, person, mailboxes: grant.mailboxes, connections: grant.connections, isChecked: true },
    may: has,
    reaches: (address) => isGranted(address, grant.mailboxes),
  };
}
