import { calendarPermission, detailsOf, isHeld, leastOf, type Permission, partlyNeeded, permissionsOf } from "../../graph/permissions.ts";
import { findApplication } from "../../setup/exchange-online-commands.ts";
import { consentToGraph, grantInScope, testAuthorization } from "../../setup/graph-commands.ts";
import { type CheckedAction, type Checkup, connectionOf, type Finding, type Granted, type Step } from "../checkup.ts";
import { mailboxOf, powerShellSafe } from "../connection-facts.ts";
import { isDenied, triedPermissionsFor, tryPermission } from "./graph-checks.ts";

/** Checks which of the needed permissions the application has: by its token, and where that names none, by requests that only read. */
export const graphPermissions: Step = {
  name: "graph-permissions",
  needs: ["graph"],
  async run(checkup) {
    const granted = await grantedTo(checkup);
    checkup.learned.granted = granted;
    const tried = "compared the permissions in the token with what the actions need over Microsoft Graph";
    return { tried, ...judge(granted, checkup) };
  },
};

/** Returns the permissions that an action needs over this connection. The list of mailboxes needs none of Graph if Exchange Online provides it. */
export function neededBy(action: CheckedAction, checkup: Checkup): readonly Permission[] {
  if (!listsByAdminApi(action, checkup)) return permissionsOf(action);
  return permissionsOf({ uses: action.uses.filter((method) => method !== "searchableMailboxes") });
}

/** Returns whether only the Exchange Online Admin API lists mailboxes, which needs a separate token: mailbox-list.ts checks that. */
export function listsByAdminApi({ uses }: CheckedAction, checkup: Checkup): boolean {
  return uses.includes("searchableMailboxes") && connectionOf(checkup).graph.mailboxList.from === "admin_api";
}

async function grantedTo(checkup: Checkup): Promise<ReadonlyMap<Permission, Granted>> {
  const { token: facts, probe } = checkup.learned;
  const wanted = [...new Set(checkup.actions.flatMap((action) => neededBy(action, checkup)))];
  const known = facts === undefined ? [] : facts.appOnly ? facts.roles : facts.scopes;
  const found = new Map<Permission, Granted>();
  for (const one of wanted) if (isHeld(one, known)) found.set(one, "yes");
  const mailbox = mailboxOf(checkup);
  // A permission that is missing in the token may come from Exchange itself, which no token shows.
  const open = wanted.filter((one) => !found.has(one));
  const mayBeExchange = facts?.appOnly !== false;
  let isByExchange = false;
  for (const permission of triedPermissionsFor(checkup.actions)) {
    if (isHeld(permission, known) || mailbox === undefined || !mayBeExchange) continue;
    const answer = await tryPermission(checkup, permission, mailbox);
    if (answer.ok) isByExchange = true;
    if (open.includes(permission)) found.set(permission, answer.ok ? "yes" : isDenied(answer.failure) ? "no" : "unknown");
  }
  for (const permission of open) {
    if (found.has(permission)) continue;
    if (permission === "User.ReadBasic.All") {
      const answer = await probe?.users();
      found.set(permission, answer?.ok === true ? "yes" : answer !== undefined && isDenied(answer.failure) ? "no" : "unknown");
    } else
      found.set(
        permission,
        isByExchange || facts === undefined || (mailbox === undefined && mayBeExchange && namesNoMailboxPermission(known))
          ? "unknown"
          : "no",
      );
  }
  return found;
}

/** Returns whether the token has no permission for mailboxes: then they come from Exchange, or there are none. */
export function namesNoMailboxPermission(granted: readonly string[]): boolean {
  return !granted.some((one) => /^(Mail|MailboxSettings|Contacts)\./.test(one));
}

function judge(granted: ReadonlyMap<Permission, Granted>, checkup: Checkup): Omit<Finding, "tried"> {
  const of = (what: Granted) => [...granted].flatMap(([permission, answer]) => (answer === what ? [permission] : []));
  const [missing, unknown] = [of("no"), of("unknown")];
  const { token: facts } = checkup.learned;
  const delegated = facts !== undefined && !facts.appOnly;
  if (missing.length === 0 && unknown.length === 0) {
    const notes = checkup.actions.flatMap((action) =>
      partlyNeeded(action).map(({ permissions, when }) => `${action.name} needs ${permissions.join(" and ")} ${when}`),
    );
    return {
      status: "ok",
      found: [`${of("yes").join(", ")}: all that the actions need`, ...notes, ...sweepNote(checkup), ...unneededPermissions(checkup)].join(
        "; ",
      ),
    };
  }
  const mailbox = mailboxOf(checkup);
  const found = [
    missing.length > 0
      ? `${delegated || facts === undefined ? "missing" : "missing in the token"}: ${missing.map((one) => `${one} (${neededFor(one, checkup)})`).join(", ")}`
      : "",
    unknown.length > 0 ? `cannot be checked from here: ${unknown.map((one) => `${one} (${neededFor(one, checkup)})`).join(", ")}` : "",
  ].filter((text) => text !== "");
  const wanted = leastOf(checkup.actions).filter((one) => granted.get(one) !== "yes");
  return {
    status: missing.length > 0 ? "failed" : "warning",
    code: "role-missing",
    found: found.join("; "),
    next: delegated ? forPerson(wanted) : forApplication(wanted, facts?.appId, mailbox === undefined ? undefined : powerShellSafe(mailbox)),
  };
}

/** Returns the limits of a sweep with this token, which is sufficient for the actions. */
function sweepNote({ learned: { token } }: Checkup): readonly string[] {
  if (token?.appOnly !== true || isHeld(calendarPermission, token.roles)) return [];
  return [
    `sweep needs ${calendarPermission}, which is not in the token, for the calendar entries of meeting invitations (without it, plan with --residue recoverable,sender)`,
  ];
}

/** Returns the permissions in the token that these actions do not need, since an application should have no more than it needs. */
function unneededPermissions({ learned, actions }: Checkup): readonly string[] {
  const { token: facts } = learned;
  if (facts?.appOnly !== true) return [];
  const used = new Set<string>([
    calendarPermission,
    ...actions.flatMap(permissionsOf),
    ...actions.flatMap((action) => partlyNeeded(action).flatMap(({ permissions }) => permissions)),
  ]);
  const more = facts.roles.filter((role) => !used.has(role));
  return more.length === 0 ? [] : [`not needed for these actions: ${more.join(", ")}`];
}

function neededFor(permission: Permission, checkup: Checkup): string {
  const using = checkup.actions.filter((action) => neededBy(action, checkup).includes(permission));
  return using.map(({ name }) => name).join(", ");
}

export function forPerson(permissions: readonly Permission[]): readonly string[] {
  return [
    `Entra admin center > App registrations > the application > API permissions > Add a permission > Microsoft Graph > Delegated permissions > ${permissions.join(", ")} (for other people's mailboxes those that end with .Shared), then Grant admin consent.`,
  ];
}

export function forApplication(
  permissions: readonly Permission[],
  clientId: string | undefined,
  mailbox: string | undefined,
): readonly string[] {
  const find = clientId === undefined ? [] : findApplication(clientId);
  const scoped = permissions.filter((one) => detailsOf(one).role !== undefined);
  return [
    ...(scoped.length > 0
      ? [
          "No token shows permissions from RBAC for Applications, and doctor does not try to write. Check AllowedResourceScope and InScope:",
          ...find,
          ...testAuthorization(mailbox),
        ]
      : []),
    "If the permission is missing, grant it for every mailbox (Entra admin center > the application > API permissions > Add a permission > Microsoft Graph > Application permissions, then Grant admin consent); an earlier token lacks it for up to an hour:",
    ...find,
    ...consentToGraph(permissions),
    ...(scoped.length === 0
      ? []
      : [
          "Or grant it for some mailboxes, without that consent, once `mailcordon setup entra --mailboxes` has created the scope:",
          ...grantInScope(scoped.map((permission) => ({ permission, role: detailsOf(permission).role }))),
        ]),
  ];
}
