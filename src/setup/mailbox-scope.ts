import { command, quoted } from "./powershell.ts";

/** Name of the group and of the scope over it. */
export const scopeName = "mailcordon mailboxes";

/** Creates a group of the mailboxes and a scope over it, to limit a role. Used for Exchange Online and on premises. */
export function mailboxScope(mailboxes: readonly string[]): readonly string[] {
  return [
    `$group = ${command("New-DistributionGroup", { Name: scopeName, Type: "Security", Members: mailboxes })}`,
    `New-ManagementScope -Name ${quoted(scopeName)} -RecipientRestrictionFilter "MemberOfGroup -eq '$($group.DistinguishedName)'"`,
  ];
}

/** Adds one mailbox. */
export function addToScope(mailbox: string): readonly string[] {
  return [command("Add-DistributionGroupMember", { Identity: scopeName, Member: mailbox })];
}
