import type { Group, User } from "../../store/organisation.ts";
import type { Store } from "../../store/store.ts";
import { el, textEl } from "../../xml.ts";
import { ItemError, type Operation, type RequestContext, response } from "../operation.ts";
import { referenceId } from "../search/reference-id.ts";

function searchableXml(one: User | Group, store: Store): string {
  const isGroup = "members" in one;
  return el(
    "t:SearchableMailbox",
    {},
    // A group has no mailbox and so no GUID of one.
    textEl("t:Guid", store.mailbox(one.address)?.guid ?? "00000000-0000-0000-0000-000000000000"),
    textEl("t:PrimarySmtpAddress", one.address),
    textEl("t:IsExternalMailbox", false),
    "<t:ExternalEmailAddress/>",
    textEl("t:DisplayName", one.displayName),
    textEl("t:IsMembershipGroup", isGroup),
    textEl("t:ReferenceId", referenceId(one)),
  );
}

function search({ request, store, acting }: RequestContext): string {
  if (!acting.roles.includes("Discovery Management")) {
    throw new ItemError("ErrorAccessDenied", "Access is denied. The account has no role that allows discovery searches.");
  }
  const filter = request.textAt("SearchFilter") ?? "";
  const expand = ["true", "1"].includes(request.textAt("ExpandGroupMembership") ?? "");
  const text = filter.replace(/\*$/, "");
  if (expand && (text === "" || filter.includes("*"))) {
    throw new ItemError("ErrorInvalidArgument", "Cannot use wildcard or empty query when auto group expansion is enabled.");
  }
  const { users, groups } = store.organisation;
  const found = text === "" ? [...users, ...groups] : store.resolveName(text);
  const all = new Set<User | Group>();
  for (const one of found) {
    if (!expand || !("members" in one)) all.add(one);
    else
      for (const address of store.expandGroup(one)) {
        const user = store.mailbox(address)?.user;
        if (user !== undefined) all.add(user);
      }
  }
  return el("m:SearchableMailboxes", {}, ...[...all].map((one) => searchableXml(one, store)));
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getsearchablemailboxes-operation */
export const getSearchableMailboxes: Operation = {
  name: "GetSearchableMailboxes",
  handle: (context) => response("GetSearchableMailboxes", () => search(context), context, { empty: "<m:SearchableMailboxes/>" }),
};
