import type { PortMethod, Uses } from "../exchange/port-methods.ts";

/** A permission of Microsoft Graph that one of our actions needs, under Microsoft's name. */
export type Permission = keyof typeof permissionDetails;

/** Who gives it out, and which others hold it. */
interface PermissionDetails {
  /** What it lets an application do here. */
  readonly about: string;
  /** Permissions of applications that hold it as well. */
  readonly heldBy: readonly string[];
  /** Exchange can give it for some mailboxes (RBAC for Applications): the role. Undefined: only consent gives it, for the whole organisation. */
  readonly role: string | undefined;
}

const ofExchange = (about: string, name: string, heldBy: readonly string[] = []): PermissionDetails => ({
  about,
  heldBy,
  role: `Application ${name}`,
});

/**
 * The least permissions, and what holds them.
 * @see https://learn.microsoft.com/en-us/graph/permissions-reference
 * @see https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac (the roles)
 */
const permissionDetails = {
  "Mail.Read": ofExchange("find and read messages and attachments", "Mail.Read", ["Mail.ReadWrite"]),
  "Mail.ReadWrite": ofExchange("move, copy, delete and draft messages, delete attachments", "Mail.ReadWrite"),
  "Mail.Send": ofExchange("send", "Mail.Send"),
  "MailboxSettings.Read": ofExchange("read automatic replies, and what a mailbox is for", "MailboxSettings.Read", [
    "MailboxSettings.ReadWrite",
  ]),
  "Contacts.Read": ofExchange("read contacts", "Contacts.Read", ["Contacts.ReadWrite"]),
  "User.ReadBasic.All": {
    about: "list the people of the organisation",
    heldBy: ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    role: undefined,
  },
} as const satisfies Record<string, PermissionDetails>;

export const isPermission = (name: string): name is Permission => Object.hasOwn(permissionDetails, name);

/** Every one that some action needs. */
export const allPermissions: readonly Permission[] = Object.keys(permissionDetails).filter(isPermission);

export function detailsOf(permission: Permission): PermissionDetails {
  return permissionDetails[permission];
}

/** A permission for a part of what is asked: without it that part is refused or does less, and says so. */
export interface PartlyNeeded {
  readonly permissions: readonly string[];
  /** When it is needed. */
  readonly when: string;
}

/** What one method of the port cannot do without, and what a part of it needs besides. */
interface RequiredPermissions {
  readonly permissions: readonly Permission[];
  readonly partly?: readonly PartlyNeeded[];
}

const reads: RequiredPermissions = { permissions: ["Mail.Read"] };
const changes: RequiredPermissions = { permissions: ["Mail.ReadWrite"] };
// A message is drafted first, so that a lost answer never sends it twice.
const sends: RequiredPermissions = { permissions: ["Mail.ReadWrite", "Mail.Send"] };

const requiredByMethod: Readonly<Record<PortMethod, RequiredPermissions>> = {
  search: { ...reads, partly: [{ permissions: ["User.Read.All"], when: "with `query`, for ids that a move does not change" }] },
  locate: reads,
  get: reads,
  mime: reads,
  exported: {
    ...reads,
    partly: [
      {
        permissions: ["MailboxItem.ImportExport.All", "User.Read.All"],
        when: "with `keep_evidence`, for a message that Exchange cannot convert to MIME (export)",
      },
    ],
  },
  attachments: reads,
  attachedMessages: reads,
  attachmentContent: reads,
  deleteAttachments: {
    ...changes,
    partly: [
      {
        permissions: ["Mail-Advanced.ReadWrite.All"],
        when: "perhaps, from 2026-12-31 on: Microsoft guards changes to received mail, and does not say whether attachments count",
      },
    ],
  },
  folder: reads,
  createFolder: changes,
  copy: {
    ...changes,
    partly: [
      {
        permissions: ["MailboxItem.ImportExport.All", "User.Read.All"],
        when: "into another mailbox, for a copy that is no draft (export and import)",
      },
    ],
  },
  move: changes,
  delete: changes,
  junk: changes,
  send: sends,
  reply: sends,
  contacts: { permissions: ["Contacts.Read"] },
  outOfOffice: { permissions: ["MailboxSettings.Read"] },
  rights: reads,
  // There is nothing to ask.
  foreign: { permissions: [] },
  searchableMailboxes: {
    permissions: ["User.ReadBasic.All", "MailboxSettings.Read"],
    partly: [
      {
        permissions: ["Exchange.ManageAsAppV2"],
        when: "of Office 365 Exchange Online and with a role such as View-Only Recipients, for the list that Exchange Online itself gives instead of the directory",
      },
    ],
  },
};

/** What an action cannot do without, the least there is. */
export function permissionsOf({ uses }: Pick<Uses, "uses">): readonly Permission[] {
  return withoutImplied([...new Set(uses.flatMap((method) => requiredByMethod[method].permissions))]);
}

/** What parts of an action need besides: what it asks sometimes only, and parts of what it always asks. */
export function partlyNeeded({ uses, sometimes = [] }: Uses): readonly PartlyNeeded[] {
  return [
    ...sometimes.map((part) => ({ permissions: permissionsOf(part), when: part.when })),
    ...uses.flatMap((method) => requiredByMethod[method].partly ?? []),
  ];
}

/** What several actions need together. */
export function leastOf(actions: readonly Uses[]): readonly Permission[] {
  const all = new Set(actions.flatMap(permissionsOf));
  return withoutImplied(allPermissions.filter((one) => all.has(one)));
}

/** What another of them holds is left out. */
function withoutImplied(permissions: readonly Permission[]): readonly Permission[] {
  return permissions.filter((one) => !permissionDetails[one].heldBy.some((other) => isPermission(other) && permissions.includes(other)));
}

/** Whether one of these grants holds the permission. Of a person `Mail.Read.Shared` is as good as `Mail.Read` here. */
export function isHeld(permission: Permission, granted: readonly string[]): boolean {
  const holders: readonly string[] = [permission, ...permissionDetails[permission].heldBy];
  return granted.some((one) => holders.includes(one) || holders.includes(one.replace(/\.Shared$/, "")));
}
