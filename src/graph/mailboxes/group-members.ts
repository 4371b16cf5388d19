// src/graph/mailboxes/: Facts that Graph returns about whole mailboxes: automatic replies, rights, and the list of mailboxes.

import type { GroupMembers, UnknownMember } from "../../exchange/recipients.ts";
import { Failure } from "../../failure.ts";
import { type DirectoryMember, findGroups, listTransitiveMembers } from "../requests/groups.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { permissionMissing } from "./permission-missing.ts";

/** Returns the members of a group and of the groups inside it, which the directory itself opens, each once. Throws Failure. */
export async function groupMembers(account: GraphMailbox, address: string): Promise<GroupMembers> {
  const groups = new Map<string, boolean>();
  const mailboxes = new Map<string, string>();
  const outside: UnknownMember[] = [];
  const failed: UnknownMember[] = [];
  try {
    for await (const { items } of account.pages(findGroups, address)) for (const { id, hasMailbox } of items) groups.set(id, hasMailbox);
    const [[id, hasMailbox] = [], another] = groups;
    if (another !== undefined) throw new Failure("invalid-input", `The directory has several groups with the address ${address}.`);
    if (id === undefined || id === "")
      throw new Failure("not-found", `The directory has no group with the address ${address}.`, {
        hint: "Check the address. Microsoft Graph does not list dynamic distribution groups: name their mailboxes.",
      });
    if (hasMailbox === true) outside.push({ mailbox: address, message: "The mailbox of the Microsoft 365 group itself." });
    for await (const { items } of account.pages(listTransitiveMembers, id)) {
      for (const member of items) {
        const { mail, type } = member;
        if (type === "user" && mail !== undefined && !isGuest(member)) mailboxes.set(mail.toLowerCase(), mail);
        else if (type !== "group") (isUnknown(member) ? failed : outside).push({ mailbox: nameOf(member), message: whatItIs(member) });
      }
    }
  } catch (thrown) {
    throw permissionMissing(thrown, "Group.ReadBasic.All", "list the members of groups");
  }
  return { mailboxes: [...mailboxes.values()], outside, failed };
}

function isGuest({ userPrincipalName }: DirectoryMember): boolean {
  return userPrincipalName?.includes("#EXT#") === true;
}

/** Tells whether it may have a mailbox. Without a permission for them, the directory shows members without their properties. */
function isUnknown({ type, displayName, userPrincipalName }: DirectoryMember): boolean {
  return type === "" || (type === "user" && displayName === undefined && userPrincipalName === undefined);
}

function nameOf({ mail, userPrincipalName, displayName, id }: DirectoryMember): string {
  return mail ?? userPrincipalName ?? displayName ?? id;
}

function whatItIs(member: DirectoryMember): string {
  if (isUnknown(member)) return "The directory does not show this member: the application lacks User.ReadBasic.All.";
  if (member.type === "orgContact") return "It is a contact, whose mailbox is outside the organisation.";
  if (member.type !== "user") return `It is no person (${member.type}).`;
  return isGuest(member) ? "It is a guest, whose mailbox is outside the organisation." : "The directory has no address for this person.";
}
