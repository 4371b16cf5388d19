import type { PortMethod, Uses } from "../exchange/port-methods.ts";

/** A permission of Microsoft Graph that an action needs, under Microsoft's name. */
export type Permission = keyof typeof permissionDetails;

/** How a permission is granted, and which other permissions include it. */
interface PermissionDetails {
  /** What the permission allows here. */
  readonly about: string;
  /** Application permissions that include it. */
  readonly heldBy: readonly string[];
  /**
   * The role with which Exchange can grant it for some mailboxes (RBAC for Applications). Undefined: only consent grants it, for the whole
   * organisation.
   */
  readonly role: string | undefined;
}

const ofExchange = (about: string, name: string, heldBy: readonly string[] = []): PermissionDetails => ({
  about,
  heldBy,
  role: `Application ${name}`,
});

/**
 * The least permissions, and the permissions that include them.
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
  "Calendars.ReadWrite": ofExchange("find and remove what an invitation left in a calendar", "Calendars.ReadWrite"),
  "User.ReadBasic.All": {
    about: "list the people of the organisation",
    heldBy: ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    role: undefined,
  },
  "Group.ReadBasic.All": {
    about: "list the members of groups",
    heldBy: ["GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    role: undefined,
  },
  "ExchangeMessageTrace.Read.All": { about: "trace the recipients of messages", heldBy: [], role: undefined },
} as const satisfies Record<string, PermissionDetails>;

export const isPermission = (name: string): name is Permission => Object.hasOwn(permissionDetails, name);

/** Every permission that an action needs. */
export const allPermissions: readonly Permission[] = Object.keys(permissionDetails).filter(isPermission);

export function detailsOf(permission: Permission): PermissionDetails {
  return permissionDetails[permission];
}

/** A permission for part of a request. Without it that part is refused or does less, and the answer reports it. */
export interface PartlyNeeded {
  readonly permissions: readonly string[];
  /** When it is needed. */
  readonly when: string;
}

/** Permissions that one method of the port always needs, and those for part of it. */
interface RequiredPermissions {
  readonly permissions: readonly Permission[];
  readonly partly?: readonly PartlyNeeded[];
}

const reads: RequiredPermissions = { permissions: ["Mail.Read"] };
const changes: RequiredPermissions = { permissions: ["Mail.ReadWrite"] };
// A message is drafted first, so a lost reply never sends it twice.
const sends: RequiredPermissions = { permissions: ["Mail.ReadWrite", "Mail.Send"] };

const calendars: RequiredPermissions = { permissions: ["Calendars.ReadWrite"] };

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
        when: "with `keep_export`, and with `keep_evidence` for a message that Exchange cannot convert to MIME (export)",
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
  restore: {
    ...changes,
    partly: [
      {
        permissions: ["MailboxItem.ImportExport.All", "User.Read.All"],
        when: "for messages whose export was kept (`keep_export`): without it they come back as drafts",
      },
    ],
  },
  move: changes,
  delete: changes,
  junk: changes,
  send: sends,
  reply: sends,
  invited: { permissions: ["Mail.Read", "Calendars.ReadWrite"] },
  calendarEntries: calendars,
  removeCalendarEntries: calendars,
  addCalendarEntry: calendars,
  contacts: { permissions: ["Contacts.Read"] },
  outOfOffice: { permissions: ["MailboxSettings.Read"] },
  rights: reads,
  // There is nothing to request.
  foreign: { permissions: [] },
  groupMembers: {
    permissions: ["Group.ReadBasic.All", "User.ReadBasic.All"],
    partly: [{ permissions: ["Member.Read.Hidden"], when: "for groups that hide their members" }],
  },
  messageTrace: { permissions: ["ExchangeMessageTrace.Read.All"] },
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

/** Returns the least permissions that an action always needs. */
export function permissionsOf({ uses }: Pick<Uses, "uses">): readonly Permission[] {
  return withoutImplied([...new Set(uses.flatMap((method) => requiredByMethod[method].permissions))]);
}

/** Returns the permissions for parts of an action: for methods that it uses sometimes, and for parts of methods that it always uses. */
export function partlyNeeded({ uses, sometimes = [] }: Uses): readonly PartlyNeeded[] {
  return [
    ...sometimes.map((part) => ({ permissions: permissionsOf(part), when: part.when })),
    ...uses.flatMap((method) => requiredByMethod[method].partly ?? []),
  ];
}

/** The permission for calendar entries of invitations. No action needs it, but a plan without it reports that it could not search calendars. */
export const calendarPermission: Permission = "Calendars.ReadWrite";

/** Returns the least permissions for several actions together. */
export function leastOf(actions: readonly Uses[]): readonly Permission[] {
  const all = new Set(actions.flatMap(permissionsOf));
  return withoutImplied(allPermissions.filter((one) => all.has(one)));
}

/** Leaves out permissions that another of them includes. */
function withoutImplied(permissions: readonly Permission[]): readonly Permission[] {
  return permissions.filter((one) => !permissionDetails[one].heldBy.some((other) => isPermission(other) && permissions.includes(other)));
}

/** Tells whether one of these grants includes the permission. For a person, `Mail.Read.Shared` counts as `Mail.Read`. */
export function isHeld(permission: Permission, granted: readonly string[]): boolean {
  const holders: readonly string[] = [permission, ...permissionDetails[permission].heldBy];
  return granted.some((one) => holders.includes(one) || holders.includes(one.replace(/\.Shared$/, "")));
}
