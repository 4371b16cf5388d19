import type { Rights } from "../../exchange/exchange.ts";
import type { Failure } from "../../failure.ts";
import { discoveryRole, findApplication } from "../../setup/exchange-online-commands.ts";
import { showAccessPolicies } from "../../setup/graph-commands.ts";
import { delegateRight, impersonation, sendAs, showImpersonation } from "../../setup/on-premises-commands.ts";
import { command } from "../../setup/powershell.ts";
import { type Checkup, connectionOf, type Finding } from "../checkup.ts";
import { isOnline, powerShellSafe } from "../connection-facts.ts";
import { requiredRightsOf } from "../required-rights.ts";

/** Explains why the mailbox does not open, with hints. */
export function whyNoMailbox(failure: Failure, checkup: Checkup, address: string): Omit<Finding, "tried"> {
  const { code, message } = failure;
  const { access } = connectionOf(checkup);
  const why = (next: readonly string[]): Omit<Finding, "tried"> => ({ status: "failed", code, found: message, next });
  const denied = code === "access-denied" || code === "not-found" || code === "folder-not-found" || code === "could-not-look";
  if (code === "mailbox-not-found") {
    return why([
      "Check the address. It must belong to a mailbox of this organisation; in a hybrid organisation, to one on premises for EWS and in Exchange Online for Microsoft Graph:",
      `${command("Get-Recipient", { Identity: address })} | Format-List PrimarySmtpAddress,RecipientTypeDetails`,
    ]);
  }
  if (code === "role-missing" || (denied && access === "impersonation")) return why(impersonationCommands(checkup, address));
  if (denied)
    return why([
      "Give the account the right to open this mailbox (it takes effect after a minute, sometimes an hour):",
      ...delegateRight(address, accountOf(checkup)),
    ]);
  return why([failure.hint]);
}

/** Judges whether the account's rights in the mailbox are enough for the actions. */
export function judgeRights(rights: Rights, checkup: Checkup, address: string): Omit<Finding, "tried"> {
  const { access } = connectionOf(checkup);
  const wanting = checkup.actions.map(requiredRightsOf);
  const changing = wanting.some(({ changes }) => changes);
  const missing = [
    rights.read === false ? "read" : undefined,
    changing && rights.create === false ? "create" : undefined,
    changing && rights.change === false ? "change" : undefined,
    changing && rights.delete === false ? "delete" : undefined,
  ].filter((right) => right !== undefined);
  if (missing.length > 0) {
    return {
      status: "failed",
      code: "access-denied",
      found: `the Inbox opens, but the account may not ${missing.join(", ")}${rights.read === false ? "" : "; actions that only read work"}`,
      next: ["Give the account Full Access to the mailbox:", ...delegateRight(address, accountOf(checkup))],
    };
  }
  if (access === "delegate" && wanting.some(({ sends }) => sends)) {
    return {
      status: "warning",
      found: "the Inbox opens; whether the account may send as this mailbox cannot be checked without sending",
      next: [
        "Grant Send As if messages shall come from the mailbox and not from the account:",
        ...sendAs(address, accountOf(checkup), isOnline(checkup)),
      ],
    };
  }
  return { status: "ok", found: "the Inbox opens, with every right that the actions need" };
}

function impersonationCommands(checkup: Checkup, address: string): readonly string[] {
  const id = checkup.learned.token?.appId;
  if (id !== undefined && checkup.learned.token?.appOnly && isOnline(checkup)) {
    return [
      "The application may not open this mailbox. RBAC for Applications lists the mailboxes it may open (a change takes effect after 30 minutes to 2 hours):",
      ...findApplication(id),
      `Test-ServicePrincipalAuthorization -Identity $principal.Id ${command("", { Resource: address }).trim()}`,
      "Add the mailbox to the group of the scope:",
      command("Add-DistributionGroupMember", { Identity: "mailcordon mailboxes", Member: address }),
      "An application access policy, the older way to limit an application, may also apply:",
      ...showAccessPolicies(id, address),
    ];
  }
  const account = accountOf(checkup);
  return [
    "Give the account the role ApplicationImpersonation, for all mailboxes or for some (`mailcordon setup onprem --mailboxes` prints the commands). First check whether a scope excludes this mailbox:",
    ...showImpersonation(account),
    ...impersonation(account, []),
    "Or make the account a delegate of single mailboxes (access: delegate):",
    ...delegateRight(address, account),
  ];
}

/** Returns the commands for an account that may not list mailboxes. */
export function discoveryRoleCommands(checkup: Checkup): readonly string[] {
  const id = checkup.learned.token?.appOnly ? checkup.learned.token.appId : undefined;
  return [
    "Add the account to the role group Discovery Management (it takes effect after an hour). Actions that name their mailboxes work without it:",
    ...(id === undefined ? discoveryRole(accountOf(checkup)) : [...findApplication(id), ...discoveryRole(undefined)]),
  ];
}

/** Returns the account that signs in, safe to show in a PowerShell line. */
function accountOf({ learned }: Checkup): string {
  const auth = learned.connection?.auth;
  const own = auth?.kind === "auto" ? auth.account?.username : auth !== undefined && "username" in auth ? auth.username : undefined;
  const name = own ?? learned.token?.user;
  return powerShellSafe(name ?? "<account>");
}
