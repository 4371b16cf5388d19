import type { Group, User } from "../../store/organisation.ts";

/** Returns the name of a mailbox in discovery searches: its legacy directory address. */
export function referenceId(one: User | Group): string {
  return `/o=Lab/ou=Exchange Administrative Group/cn=Recipients/cn=${one.address.toLowerCase().replace("@", "-at-")}`;
}
