import type { SearchableMailbox, SearchableMailboxes, SearchableMailboxQuery } from "../../exchange/exchange.ts";
import { bool, listOf, mapped, optional, record, text } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf } from "../operation.ts";
import { status } from "../session/response-status.ts";

const searchableMailbox = mapped(
  record({
    mailbox: optional(t("PrimarySmtpAddress"), text),
    referenceId: optional(t("ReferenceId"), text),
    displayName: optional(t("DisplayName"), text),
    isExternal: optional(t("IsExternalMailbox"), bool),
    externalEmailAddress: optional(t("ExternalEmailAddress"), text),
    isGroup: optional(t("IsMembershipGroup"), bool),
  }),
  ({ mailbox = "", referenceId, externalEmailAddress, ...rest }): SearchableMailbox => ({
    mailbox,
    referenceId: referenceId || undefined,
    externalEmailAddress: externalEmailAddress || undefined,
    ...rest,
  }),
);

const failedMailbox = mapped(
  record({ mailbox: optional(t("Mailbox"), text), message: optional(t("ErrorMessage"), text) }),
  ({ mailbox = "", message = "" }) => ({ mailbox, message }),
);

/**
 * Lists the mailboxes that the account may search with eDiscovery. It needs the role group Discovery Management. The element of the reply is itself
 * the only response message.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getsearchablemailboxes-operation
 */
export const getSearchableMailboxes: Operation<SearchableMailboxQuery, SearchableMailboxes> = {
  name: "GetSearchableMailboxes",
  safety: "read",
  instead: "Name the mailboxes: a list of addresses in mailboxes.",
  write: ({ filter, expandGroups }) =>
    element(
      "m:GetSearchableMailboxes",
      undefined,
      filter === undefined ? undefined : element("m:SearchFilter", undefined, filter),
      element("m:ExpandGroupMembership", undefined, expandGroups ?? false),
    ),
  read: mapped(
    record({
      ...status,
      mailboxes: optional(m("SearchableMailboxes"), listOf(t("SearchableMailbox"), searchableMailbox)),
      failed: optional(m("FailedMailboxes"), listOf(t("FailedMailbox"), failedMailbox)),
    }),
    (message) => [
      outcomeOf<typeof message, SearchableMailboxes>(({ mailboxes = [], failed = [] }) => ({ source: "ediscovery", mailboxes, failed }))(
        message,
      ),
    ],
  ),
};
