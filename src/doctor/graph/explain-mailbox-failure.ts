// src/doctor/graph/: Checks Microsoft Graph: the mailbox, the permissions, the list of mailboxes, and why one of them fails.

import type { Failure } from "../../failure.ts";
import { detailsOf, isHeld, leastOf } from "../../graph/permissions.ts";
import type { DirectoryEntry } from "../../graph/requests/users.ts";
import { findApplication } from "../../setup/exchange-online-commands.ts";
import {
  consentToGraph,
  findMailbox,
  grantInScope,
  showAccessPolicies,
  showLicences,
  testAuthorization,
} from "../../setup/graph-commands.ts";
import { addToScope } from "../../setup/mailbox-scope.ts";
import { delegateRight } from "../../setup/on-premises-commands.ts";
import { command } from "../../setup/powershell.ts";
import { type Checkup, connectionOf, type Finding } from "../checkup.ts";
import { powerShellSafe } from "../connection-facts.ts";

type Explanation = Omit<Finding, "tried">;

/** Returns true if Graph reports that it does not reach the mailbox. @see https://learn.microsoft.com/en-us/graph/errors */
export function notInTheCloud({ wireCode }: Failure): boolean {
  return wireCode?.toLowerCase() === "mailboxnotenabledforrestapi";
}

/** Explains why the mailbox does not open over Microsoft Graph, with hints. */
export async function whyNoGraphMailbox(failure: Failure, checkup: Checkup, named: string): Promise<Explanation> {
  const address = powerShellSafe(named);
  const { code, message, hint } = failure;
  const why = (found: string, next: readonly string[]): Explanation => ({ status: "failed", code, found, next });
  if (notInTheCloud(failure)) return explainNotInTheCloud(failure, checkup, address);
  switch (code) {
    case "mailbox-not-found":
      return why(message, [
        "Graph finds a mailbox by its user principal name or object id. Check the address:",
        ...findMailbox(address),
        `${command("Get-MgUser", { Filter: `mail eq '${address.replaceAll("'", "''")}'` })} | Format-List UserPrincipalName,Id`,
      ]);
    case "access-denied":
    case "role-missing":
      return why(...(await explainDenied(failure, checkup, address)));
    default:
      return why(message, [hint]);
  }
}

/**
 * Explains why Graph does not reach a mailbox: on premises, deleted, or without a licence. Graph uses one code for all three; the directory
 * distinguishes some of them.
 */
async function explainNotInTheCloud(failure: Failure, checkup: Checkup, address: string): Promise<Explanation> {
  const entry = await checkup.learned.probe?.entry(address);
  const directoryEntry = entry?.ok === true && seesAccounts(checkup) ? entry.value : undefined;
  const hybrid = checkup.route !== undefined;
  const { found, next } = cause(directoryEntry, entry !== undefined && !entry.ok && entry.failure.code === "mailbox-not-found", address);
  const isOnPremises = directoryEntry?.synced === true && directoryEntry.exchangePlan !== true;
  if (hybrid) {
    const text = "the mailbox is not in Exchange Online, so this connection reaches it over EWS";
    if (isOnPremises) return { status: "ok", found: text };
    return { status: "warning", found: `${text}. ${found}`, next };
  }
  const { name } = connectionOf(checkup);
  const overEws = isOnPremises
    ? [`EWS reaches the mailbox. For one connection to both back ends, set for connections.${name}:`, "backend: auto"]
    : [];
  return { status: "failed", code: failure.code, found, next: [...overEws, ...next] };
}

/**
 * Returns whether the application may see accounts. With only the basic profile it gets an empty list of plans, which would look like no licence.
 */
function seesAccounts({ learned }: Checkup): boolean {
  const all = ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
  return [...(learned.token?.roles ?? []), ...(learned.token?.scopes ?? [])].some((one) => all.includes(one));
}

function cause(
  directoryEntry: DirectoryEntry | undefined,
  isUnknown: boolean,
  address: string,
): { found: string; next: readonly string[] } {
  if (isUnknown) {
    return {
      found: "the directory does not know this person: the account was deleted, and its mailbox with it (soft-deleted for 30 days)",
      next: ["Check whether the mailbox can be restored:", ...findMailbox(address)],
    };
  }
  if (directoryEntry?.synced === true && directoryEntry.exchangePlan !== true) {
    return {
      found:
        "the mailbox is on an Exchange Server of the organisation: the account is synchronised from there and has no Exchange Online plan",
      next: ["In Exchange Online it is a MailUser or a remote mailbox:", ...findMailbox(address)],
    };
  }
  if (directoryEntry?.exchangePlan === false) {
    const blocked = directoryEntry.enabled === false ? " Sign-in is also blocked for the account." : "";
    return {
      found: `the person has no licence for Exchange Online, so the mailbox is inactive or was never created.${blocked}`,
      next: [
        "Assign a licence (Microsoft 365 admin center > Users > Active users > Licenses and apps); a mailbox takes some minutes:",
        ...showLicences(address),
      ],
    };
  }
  return {
    found: "Graph does not reach the mailbox: it is on an Exchange Server of the organisation, deleted, or without a licence",
    next: [
      ...(directoryEntry === undefined ? ["Grant User.Read.All to see which of these is the cause."] : []),
      "RecipientTypeDetails MailUser means on premises, where backend: auto reaches it; a deleted mailbox is in the second list; the third shows the licences:",
      ...findMailbox(address),
      ...showLicences(address),
    ],
  };
}

/** Explains a 403, which Graph uses both for a missing permission and for an excluded mailbox. */
async function explainDenied(failure: Failure, checkup: Checkup, address: string): Promise<[string, readonly string[]]> {
  const { token: facts, probe } = checkup.learned;
  const { mailbox: own } = connectionOf(checkup);
  const id = facts?.appId;
  const find =
    id === undefined
      ? ["# replace the text in brackets with the application's client id", ...findApplication("<client id>")]
      : findApplication(id);
  if (facts !== undefined && !facts.appOnly) {
    return [
      `${failure.message}: the person who signed in may not open this mailbox, or the permission covers only that person's own mailbox`,
      [
        "Other people's mailboxes need the delegated permissions that end with .Shared (Mail.ReadWrite.Shared, Mail.Send.Shared), and Full Access to the mailbox:",
        ...delegateRight(address, powerShellSafe(facts.user ?? "<person>")),
      ],
    ];
  }
  const wanted = leastOf(checkup.actions).filter((one) => detailsOf(one).role !== undefined);
  const held = wanted.filter((one) => isHeld(one, facts?.roles ?? []));
  if (held.length > 0) {
    return [
      `${failure.message}: by consent the application has ${held.join(", ")} for every mailbox, and this one is refused all the same: an application access policy leaves it out`,
      [
        "Check the policies of this application, and add the mailbox to the group that they name:",
        ...(id === undefined ? [] : showAccessPolicies(id, address)),
      ],
    ];
  }
  const isOther = own !== undefined && own.toLowerCase() !== address.toLowerCase();
  const other = isOther ? await probe?.inbox(own) : undefined;
  const inScope = [...find, ...testAuthorization(address)];
  if (other?.ok === true) {
    return [
      `${failure.message}: the application may open ${own}, but this mailbox is outside the scope that RBAC for Applications gives`,
      [
        "Check the scope (InScope), and add the mailbox to its group (it takes effect after 30 minutes to 2 hours):",
        ...inScope,
        ...addToScope(address),
      ],
    ];
  }
  return [
    `${failure.message}: the token names no permission for mailboxes: either none was granted, or RBAC for Applications excludes this mailbox`,
    [
      "Check what was granted for this mailbox; InScope shows whether it applies here:",
      ...inScope,
      "If nothing was granted, give the application access to every mailbox, and wait for a new token (at most an hour):",
      ...consentToGraph(wanted),
      "or to some mailboxes, once `mailcordon setup entra --mailboxes` has created the scope:",
      ...grantInScope(wanted.map((permission) => ({ permission, role: detailsOf(permission).role }))),
    ],
  ];
}
