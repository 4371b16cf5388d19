import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { textIn, textsIn } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

export interface DirectoryGroup {
  readonly id: string;
  readonly mail: string | undefined;
  /** A Microsoft 365 group has a mailbox of its own. */
  readonly hasMailbox: boolean;
}

/** Finds groups by any of their addresses. @see https://learn.microsoft.com/en-us/graph/api/group-list */
export const findGroups: Request<string, Page<DirectoryGroup>> = {
  name: "group-list",
  safety: "read",
  reply: found("value"),
  write: (address) => {
    const text = address.replaceAll("'", "''");
    return {
      method: "GET",
      path: "/groups",
      ofOrganisation: true,
      ids: "rest",
      query: { $select: "id,mail,groupTypes", $filter: `mail eq '${text}' or proxyAddresses/any(p:p eq 'smtp:${text}')` },
    };
  },
  read: (reply) =>
    pageOf(reply, (group) => ({
      id: textIn(group, "id") ?? "",
      mail: textIn(group, "mail"),
      hasMailbox: textsIn(group, "groupTypes")?.includes("Unified") === true,
    })),
};

/** A member of a group, directly or inside another group. */
export interface DirectoryMember {
  readonly id: string;
  /** Without `#microsoft.graph.`: `user`, `group`, `orgContact`, `device` and others. */
  readonly type: string;
  readonly mail: string | undefined;
  readonly displayName: string | undefined;
  readonly userPrincipalName: string | undefined;
}

/** Lists the members of a group and of every group inside it. @see https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers */
export const listTransitiveMembers: Request<string, Page<DirectoryMember>> = {
  name: "group-list-transitivemembers",
  safety: "read",
  reply: found("value"),
  write: (id) => ({
    method: "GET",
    path: `/groups/${segment(id)}/transitiveMembers`,
    ofOrganisation: true,
    ids: "rest",
    // The type of the list has no name and no address to select; each kind of member shows its own.
    query: { $top: "999" },
  }),
  read: (reply) =>
    pageOf(reply, (member) => ({
      id: textIn(member, "id") ?? "",
      type: (textIn(member, "@odata.type") ?? "").replace(/^#microsoft\.graph\./, ""),
      mail: textIn(member, "mail") || undefined,
      displayName: textIn(member, "displayName"),
      userPrincipalName: textIn(member, "userPrincipalName"),
    })),
};
