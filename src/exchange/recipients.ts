import type { Failure } from "../failure.ts";

/** A member of a group whose mailbox mailcordon cannot look into, or a group whose members are not known. */
export interface UnknownMember {
  /** The address, or the name if there is no address. */
  readonly mailbox: string;
  /** Why; one sentence. */
  readonly message: string;
  readonly failure?: Failure | undefined;
}

/** A group with the groups inside it opened. */
export interface GroupMembers {
  /** Addresses of the mailboxes, each once. */
  readonly mailboxes: readonly string[];
  /** Contacts, external people, public folders: they have no mailbox to search. */
  readonly outside: readonly UnknownMember[];
  /** Groups and members about which Exchange did not report: mailboxes may be missing. */
  readonly failed: readonly UnknownMember[];
}

/** Which messages to trace. At least one of the first three is given. */
export interface TraceQuery {
  readonly internetMessageId?: string | undefined;
  /** Address of the sender, as transport knows it. */
  readonly sender?: string | undefined;
  /** Text that the subject contains. */
  readonly subject?: string | undefined;
  /** ISO 8601. Default: as far back as the service remembers. */
  readonly receivedAfter?: string | undefined;
  /** ISO 8601. Default: now. */
  readonly receivedBefore?: string | undefined;
}

/** `expanded`: the recipient is a group. `unknown`: a status that mailcordon does not know. */
export type TraceStatus = (typeof traceStatuses)[number];
export const traceStatuses = [
  ...(["gettingStatus", "pending", "failed", "delivered", "expanded", "quarantined", "filteredAsSpam", "unknown"] as const),
];

/** The action of mail transport on a message for one recipient. */
export interface Traced {
  readonly recipient: string;
  readonly status: TraceStatus;
  readonly internetMessageId?: string | undefined;
}

export interface MessageTrace {
  readonly rows: readonly Traced[];
  /** The time that was traced, ISO 8601. It begins later than requested where the service does not remember more. */
  readonly from: string;
  readonly to: string;
  /** Number of windows that it was traced in. */
  readonly windows: number;
}
