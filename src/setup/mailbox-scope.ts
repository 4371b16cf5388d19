import { command, quoted } from "./powershell.ts";

/** Of the group and of the scope over it. */
export const scopeName = "mailcordon mailboxes";

/** The mailboxes in a group, and a scope over it: what a role is limited to. The same in Exchange Online and on premises. */
export function mailboxScope(mailboxes: readonly string[]): readonly string[] {
  return [
    `$group = ${command("New-DistributionGroup", { Name: scopeName, Type: "Security", Members: mailboxes })}`,
    `New-ManagementScope -Name ${quoted(scopeName)} -RecipientRestrictionFilter "MemberOfGroup -eq '$($group.DistinguishedName)'"`,
  ];
}

/** One mailbox more. */
export function addToScope(mailbox: string): readonly string[] {
  return [command("Add-DistributionGroupMember", { Identity: scopeName, Member: mailbox })];
}
