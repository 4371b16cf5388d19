// src/graph/requests/: One file per request to Microsoft Graph, under Microsoft's name: what we write and what we read.

import type { SearchableMailbox } from "../../exchange/exchange.ts";
import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { type JsonObject, textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";

/** The same in every organisation. It routes a request that concerns no mailbox. */
const systemMailbox = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

function addressedTo(tenant: string) {
  return { path: "/Mailbox", ofOrganisation: true, ids: "rest", headers: { "x-anchormailbox": `APP:${systemMailbox}@${tenant}` } } as const;
}

function getMailbox(size: "Unlimited" | 1): JsonObject {
  return { CmdletInput: { CmdletName: "Get-Mailbox", Parameters: { ResultSize: size } } };
}

/**
 * Lists all mailboxes that Exchange Online shows to the application, with the properties that mailcordon needs. The request is a POST but only reads;
 * further pages are requested with the same body. A mailbox without an address cannot be named, so it is left out. Needs Exchange.ManageAsAppV2 and a
 * role of Exchange.
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
      // The id in the directory, as in the directory's list; a mailbox without an account there has an id of its own.
      const referenceId = textIn(found, "ExternalDirectoryObjectId") || textIn(found, "Guid") || undefined;
      const displayName = textIn(found, "DisplayName");
      return mailbox === "" ? undefined : { mailbox, referenceId, displayName, isGroup: false };
    }),
};

/** Checks whether the application may list mailboxes at all. @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-endpoints-mailbox */
export const anyMailbox: Request<string, undefined> = {
  name: "admin-api-mailbox",
  safety: "read",
  reply: found("value"),
  write: (tenant) => ({ method: "POST", ...addressedTo(tenant), query: { $select: "Guid" }, body: getMailbox(1) }),
  read: () => undefined,
};
