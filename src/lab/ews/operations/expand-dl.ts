import type { LabAddress } from "../../store/address.ts";
import { el } from "../../xml.ts";
import { mailboxXml } from "../items/address-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

/** The members right in the group: groups inside it are listed, not opened. */
function members(context: RequestContext): readonly LabAddress[] {
  const { store, request } = context;
  const id = request.at("Mailbox", "ItemId");
  if (id !== undefined) {
    const group = itemAt(id, context).group;
    if (group === undefined) throw new ItemError("ErrorInvalidItemForOperationExpandDL", "The item is no distribution list.");
    return group.members;
  }
  const group = store.group(request.textAt("Mailbox", "EmailAddress") ?? request.textAt("Mailbox", "Name") ?? "");
  if (group === undefined) throw new ItemError("ErrorNameResolutionNoResults", "No results were found.");
  return group.members.map((address) => ({ address, name: (store.mailbox(address)?.user ?? store.group(address))?.displayName }));
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/expanddl-operation */
export const expandDl: Operation = {
  name: "ExpandDL",
  handle(context) {
    const expand = (): string => {
      const all = members(context);
      return el(
        "m:DLExpansion",
        { TotalItemsInView: all.length, IncludesLastItemInRange: true },
        ...all.map((member) => mailboxXml(member, context.store)),
      );
    };
    return responses("ExpandDL", [expand], context);
  },
};
