import { createHash } from "node:crypto";
import type { Group } from "../../store/organisation.ts";
import type { Call } from "../operation.ts";
import type { Row } from "../row.ts";
import { isGranted } from "../sign-in/sign-in.ts";
import { userRow } from "./user-json.ts";

/** Object id of an object that is not a user. */
function idOf(kind: "group" | "contact", address: string): string {
  const hex = createHash("sha256").update(`${kind} ${address.toLowerCase()}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

export const groupId = ({ address }: Group): string => idOf("group", address);

/** @see https://learn.microsoft.com/en-us/graph/api/resources/group */
export function groupRow(group: Group): Row {
  return {
    properties: {
      id: groupId(group),
      createdDateTime: "2024-01-15T09:00:00Z",
      description: null,
      displayName: group.displayName,
      groupTypes: [],
      mail: group.address,
      mailEnabled: true,
      mailNickname: group.address.split("@")[0] ?? "",
      onPremisesSyncEnabled: null,
      proxyAddresses: [`SMTP:${group.address}`, ...group.aliases.map((alias) => `smtp:${alias}`)],
      securityEnabled: false,
      visibility: null,
    },
  };
}

const seesUsers = ["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const seesContacts = ["OrgContact.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const seesGroups = ["Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"];

/**
 * Returns a member of a group: a user, a group or a contact. If the caller may not read its kind, only the id and the type are returned. @see
 * https://learn.microsoft.com/en-us/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
 */
export function memberRow(address: string, call: Call): Row {
  const { store } = call;
  const user = store.mailbox(address)?.user;
  const group = store.group(address);
  const [kind, { properties }, seeing]: readonly [string, Row, readonly string[]] =
    user !== undefined
      ? ["user", userRow(user, call.onPremises(user.address), call.licensed(user.address)), seesUsers]
      : group !== undefined
        ? ["group", groupRow(group), seesGroups]
        : ["orgContact", contactRow(address), seesContacts];
  const names = ["id", "displayName", "mail", "userPrincipalName"].filter((name) => name in properties);
  const isSeen = isGranted(call.caller, seeing);
  return {
    properties: {
      "@odata.type": `#microsoft.graph.${kind}`,
      ...Object.fromEntries(names.map((name) => [name, isSeen || name === "id" ? (properties[name] ?? null) : null])),
    },
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/orgcontact */
function contactRow(address: string): Row {
  return { properties: { id: idOf("contact", address), displayName: address, mail: address } };
}
