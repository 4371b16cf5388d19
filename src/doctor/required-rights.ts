import type { PortMethod, Uses } from "../exchange/port-methods.ts";

/** The rights that an action needs over EWS. Over Microsoft Graph it needs permissions instead. */
export interface RequiredRights {
  /** It opens mailboxes: impersonation, or rights as a delegate. */
  readonly mailbox: boolean;
  /** The role group Discovery Management. */
  readonly discovery: boolean;
  /** It changes, moves or deletes messages. */
  readonly changes: boolean;
  /** It sends messages: a delegate also needs Send As. */
  readonly sends: boolean;
}

const rights: Readonly<Record<PortMethod, "none" | "read" | "change" | "send" | "discovery">> = {
  search: "read",
  locate: "read",
  get: "read",
  mime: "read",
  exported: "read",
  attachments: "read",
  attachedMessages: "read",
  attachmentContent: "read",
  deleteAttachments: "change",
  folder: "read",
  createFolder: "change",
  copy: "change",
  restore: "change",
  move: "change",
  delete: "change",
  junk: "change",
  send: "send",
  reply: "send",
  invited: "read",
  calendarEntries: "read",
  removeCalendarEntries: "change",
  addCalendarEntry: "change",
  contacts: "read",
  outOfOffice: "read",
  rights: "read",
  foreign: "read",
  searchableMailboxes: "discovery",
  // The directory shows groups to every account, and EWS have no message trace.
  groupMembers: "none",
  messageTrace: "none",
};

/** Returns the rights that an action always needs. */
export function requiredRightsOf({ uses }: Pick<Uses, "uses">): RequiredRights {
  const wanted = new Set(uses.map((method) => rights[method]));
  const sends = wanted.has("send");
  const changes = sends || wanted.has("change");
  return { mailbox: changes || wanted.has("read"), discovery: wanted.has("discovery"), changes, sends };
}

/** Returns the rights that parts of an action need. */
export function partlyNeeds({ sometimes = [] }: Uses): readonly { readonly needs: RequiredRights; readonly when: string }[] {
  return sometimes.map((part) => ({ needs: requiredRightsOf(part), when: part.when }));
}
