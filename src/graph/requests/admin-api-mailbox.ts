// src/graph/requests/: One file per request to Microsoft Graph, under Microsoft's name: what we write and what we read.

import type { SearchableMailbox } from "../../exchange/exchange.ts";
import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { type JsonObject, textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";

/** The same in every organisation; it says which servers are to answer, where no mailbox does. */
const systemMailbox = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

function addressedTo(tenant: string) {
  return { path: "/Mailbox", ofOrganisation: true, ids: "rest", headers: { "x-anchormailbox": `APP:${systemMailbox}@${tenant}` } } as const;
}

function getMailbox(size: "Unlimited" | 1): JsonObject {
  return { CmdletInput: { CmdletName: "Get-Mailbox", Parameters: { ResultSize: size } } };
}

/**
 * All mailboxes that Exchange Online lists for the application, each as far as we need it. It is written as a POST and reads only; the further pages
 * are asked for with the same body. Without an address it is no mailbox that could be named. Needs Exchange.ManageAsAppV2 and a role of Exchange.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-endpoints-mailbox
 */
export const getMailboxes: Request<string, Page<SearchableMailbox | undefined>> = {
  name: "admin-api-mailbox",
  safety: "read",
  reply: found("value"),
  write: (tenant) => ({
    method: "POST",
    ...addressedTo(tenant),
    query: { $select: "Guid,ExternalDirectoryObjectId,DisplayName,PrimarySmtpAddress" },
    body: getMailbox("Unlimited"),
  }),
  read: (reply) =>
    pageOf(reply, (found) => {
      const mailbox = textIn(found, "PrimarySmtpAddress") ?? "";
      // The directory's id, as the list of the directory has it; a mailbox without an account there has its own.
      const referenceId = textIn(found, "ExternalDirectoryObjectId") || textIn(found, "Guid") || undefined;
      const displayName = textIn(found, "DisplayName");
      return mailbox === "" ? undefined : { mailbox, referenceId, displayName, isGroup: false };
    }),
};

/** Whether the application may list them at all. @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-endpoints-mailbox */
export const anyMailbox: Request<string, undefined> = {
  name: "admin-api-mailbox",
  safety: "read",
  reply: found("value"),
  write: (tenant) => ({ method: "POST", ...addressedTo(tenant), query: { $select: "Guid" }, body: getMailbox(1) }),
  read: () => undefined,
};
