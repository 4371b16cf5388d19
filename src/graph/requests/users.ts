import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { flagIn, objectsIn, textIn } from "../session/read-json.ts";
import { encodedSegment, type Request } from "../session/request-description.ts";

/** A person who may have a mailbox. */
export interface DirectoryUser {
  readonly id: string;
  readonly mail: string | undefined;
  readonly displayName: string | undefined;
  /** True for a person of another organisation, where the mailbox is as well. */
  readonly isGuest: boolean;
}

export interface UserListing {
  /** Only users whose name or address begins with this text. */
  readonly beginning: string | undefined;
  /** Number of users per page; at most 999. */
  readonly top: number;
}

/** Lists users whose name or address begins with a text; without one, all users. @see https://learn.microsoft.com/en-us/graph/api/user-list */
export const listUsers: Request<UserListing, Page<DirectoryUser>> = {
  name: "user-list",
  safety: "read",
  reply: found("value"),
  write: ({ beginning, top }) => ({
    method: "GET",
    path: "/users",
    ofOrganisation: true,
    ids: "rest",
    query: { $select: "id,displayName,mail,userPrincipalName", $top: String(top), $filter: beginning && filterOf(beginning) },
  }),
  read: (reply) =>
    pageOf(reply, (user) => ({
      id: textIn(user, "id") ?? "",
      mail: textIn(user, "mail") || undefined,
      displayName: textIn(user, "displayName"),
      isGuest: textIn(user, "userPrincipalName")?.includes("#EXT#") === true,
    })),
};

function filterOf(beginning: string): string {
  const text = beginning.replaceAll("'", "''");
  return ["mail", "displayName", "userPrincipalName"].map((name) => `startswith(${name},'${text}')`).join(" or ");
}

/** Checks whether the directory can be listed at all. @see https://learn.microsoft.com/en-us/graph/api/user-list */
export const anyUser: Request<undefined, Page<unknown>> = {
  name: "user-list",
  safety: "read",
  reply: found("value"),
  write: () => ({ method: "GET", path: "/users", ofOrganisation: true, ids: "rest", query: { $select: "id", $top: "1" } }),
  read: (reply) => pageOf(reply, (user) => user),
};

/** Properties of a person in the directory that affect the mailbox. A property that the application may not see is undefined. */
export interface DirectoryEntry {
  /** True when the account is synchronised from the organisation's own directory. */
  readonly synced: boolean | undefined;
  /** Whether an assigned and enabled plan includes Exchange. */
  readonly exchangePlan: boolean | undefined;
  readonly enabled: boolean | undefined;
}

/** Reads one person, by user principal name or object id. @see https://learn.microsoft.com/en-us/graph/api/user-get */
export const getUser: Request<string, DirectoryEntry> = {
  name: "user-get",
  safety: "read",
  reply: found("id"),
  write: (user) => ({
    method: "GET",
    path: `/users/${encodedSegment(user)}`,
    ofOrganisation: true,
    ids: "rest",
    query: { $select: "id,accountEnabled,assignedPlans,onPremisesSyncEnabled" },
  }),
  read: (reply) => ({
    synced: flagIn(reply, "onPremisesSyncEnabled"),
    enabled: flagIn(reply, "accountEnabled"),
    exchangePlan: objectsIn(reply, "assignedPlans")?.some(
      (plan) => textIn(plan, "service")?.toLowerCase() === "exchange" && textIn(plan, "capabilityStatus")?.toLowerCase() === "enabled",
    ),
  }),
};
