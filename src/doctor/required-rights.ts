import type { PortMethod, Uses } from "../exchange/port-methods.ts";

/** What is needed of Exchange over EWS; what is needed of Microsoft Graph are permissions. */
export interface RequiredRights {
  /** It looks into mailboxes: impersonation, or rights as a delegate. */
  readonly mailbox: boolean;
  /** The role group Discovery Management. */
  readonly discovery: boolean;
  /** It changes, moves or deletes. */
  readonly changes: boolean;
  /** It sends: a delegate needs Send As besides. */
  readonly sends: boolean;
}

const rights: Readonly<Record<PortMethod, "read" | "change" | "send" | "discovery">> = {
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
  move: "change",
  delete: "change",
  junk: "change",
  send: "send",
  reply: "send",
  contacts: "read",
  outOfOffice: "read",
  rights: "read",
  foreign: "read",
  searchableMailboxes: "discovery",
};

/** What an action cannot do without. */
export function requiredRightsOf({ uses }: Pick<Uses, "uses">): RequiredRights {
  const wanted = new Set(uses.map((method) => rights[method]));
  const sends = wanted.has("send");
  const changes = sends || wanted.has("change");
  return { mailbox: changes || wanted.has("read"), discovery: wanted.has("discovery"), changes, sends };
}

/** What parts of an action need. */
export function partlyNeeds({ sometimes = [] }: Uses): readonly { readonly needs: RequiredRights; readonly when: string }[] {
  return sometimes.map((part) => ({ needs: requiredRightsOf(part), when: part.when }));
}
