import { textIn } from "../json.ts";
import { type Page, pageOf } from "../paging.ts";
import type { Request } from "../request.ts";

/** Who may have a mailbox. */
export interface DirectoryUser {
  readonly id: string;
  readonly mail: string | undefined;
  readonly displayName: string | undefined;
}

/** Those whose name or address begins with a text; without one, all. @see https://learn.microsoft.com/en-us/graph/api/user-list */
export const listUsers: Request<string | undefined, Page<DirectoryUser>> = {
  name: "user-list",
  safety: "read",
  write: (beginning) => ({
    method: "GET",
    path: "/users",
    ofOrganisation: true,
    ids: "rest",
    // 999 is the most that one page holds.
    query: { $select: "id,displayName,mail,userPrincipalName", $top: "999", $filter: beginning && filterOf(beginning) },
  }),
  read: (reply) =>
    pageOf(reply, (user) => ({
      id: textIn(user, "id") ?? "",
      mail: textIn(user, "mail") || undefined,
      displayName: textIn(user, "displayName"),
    })),
};

function filterOf(beginning: string): string {
  const text = beginning.replaceAll("'", "''");
  return ["mail", "displayName", "userPrincipalName"].map((name) => `startswith(${name},'${text}')`).join(" or ");
}
