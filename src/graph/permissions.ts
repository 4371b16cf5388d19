/** A permission of Microsoft Graph that one of our actions needs, under Microsoft's name. */
export type Permission = keyof typeof kinds;

/** Who gives it out, and which others hold it. */
interface Kind {
  /** What it lets an application do here. */
  readonly about: string;
  /** Permissions of applications that hold it as well. */
  readonly heldBy: readonly string[];
  /** Exchange can give it for some mailboxes (RBAC for Applications): the role. Undefined: only consent gives it, for the whole organisation. */
  readonly role: string | undefined;
}

const ofExchange = (about: string, name: string, heldBy: readonly string[] = []): Kind => ({ about, heldBy, role: `Application ${name}` });

/**
 * The least permissions, and what holds them.
 * @see https://learn.microsoft.com/en-us/graph/permissions-reference
 * @see https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac (the roles)
 */
const kinds = {
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
} as const satisfies Record<string, Kind>;

const isPermission = (name: string): name is Permission => Object.hasOwn(kinds, name);

/** Every one that some action needs. */
export const allPermissions: readonly Permission[] = Object.keys(kinds).filter(isPermission);

export function kindOf(permission: Permission): Kind {
  return kinds[permission];
}

const reads: readonly Permission[] = ["Mail.Read"];
const changes: readonly Permission[] = ["Mail.ReadWrite"];
// A message is drafted first, so that a lost answer never sends it twice.
const sends: readonly Permission[] = ["Mail.ReadWrite", "Mail.Send"];
const lists: readonly Permission[] = ["User.ReadBasic.All", "MailboxSettings.Read"];

/** What an action cannot do without, by its name. */
const needed: Readonly<Record<string, readonly Permission[]>> = {
  "copy-email": changes,
  "delete-attachments": changes,
  "delete-email": changes,
  "download-mail-as-eml": reads,
  "get-attachments": reads,
  "get-contacts": ["Contacts.Read"],
  "get-out-of-office": ["MailboxSettings.Read"],
  "get-searchable-mailboxes": lists,
  "junk-mail": changes,
  "reply-to-email": sends,
  "search-emails-extended": reads,
  "send-email": sends,
};

/** A permission for a part of an action: without it that part is refused or does less, and says so. */
export interface PartlyNeeded {
  readonly permissions: readonly string[];
  /** When it is needed. */
  readonly when: string;
}

/** By the name of the action. */
export const partlyNeeded: Readonly<Record<string, readonly PartlyNeeded[]>> = {
  "copy-email": [
    {
      permissions: ["MailboxItem.ImportExport.All", "User.Read.All"],
      when: "into another mailbox, for a copy that is no draft (export and import)",
    },
  ],
  "delete-attachments": [
    {
      permissions: ["Mail-Advanced.ReadWrite.All"],
      when: "perhaps, from 2026-12-31 on: Microsoft guards changes to received mail, and does not say whether attachments count",
    },
  ],
  "get-searchable-mailboxes": [
    {
      permissions: ["Exchange.ManageAsAppV2"],
      when: "of Office 365 Exchange Online and with a role such as View-Only Recipients, for the list that Exchange Online itself gives instead of the directory",
    },
  ],
  "search-emails-extended": [
    { permissions: lists, when: "with `mailboxes` all" },
    { permissions: ["User.Read.All"], when: "with `query`, for ids that a move does not change" },
  ],
};

/** What an action needs, the least there is. One that is not in the table is taken to need what most need. */
export function permissionsOf(action: string): readonly Permission[] {
  return needed[action] ?? changes;
}

/** The names of the actions in the table. */
export const knownActions: readonly string[] = Object.keys(needed);

/** What several actions need together; what another of them holds is left out. */
export function leastOf(actions: readonly string[]): readonly Permission[] {
  const all = new Set(actions.flatMap(permissionsOf));
  return allPermissions.filter((one) => all.has(one) && !kinds[one].heldBy.some((other) => isPermission(other) && all.has(other)));
}

/** Whether one of these grants holds the permission. Of a person `Mail.Read.Shared` is as good as `Mail.Read` here. */
export function isHeld(permission: Permission, granted: readonly string[]): boolean {
  const holders: readonly string[] = [permission, ...kinds[permission].heldBy];
  return granted.some((one) => holders.includes(one) || holders.includes(one.replace(/\.Shared$/, "")));
}
