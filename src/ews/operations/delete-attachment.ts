import { attribute, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { attachmentIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Deletes attachments of stored items. Each deletion changes the change key of the item. May be repeated: the id is invalid after the first time
 * (`not-found`), and no other attachment ever gets it.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteattachment-operation
 */
export const deleteAttachment: Operation<readonly string[], { readonly changeKey?: string | undefined }> = {
  name: "DeleteAttachment",
  safety: "idempotent",
  gone: {},
  names: (ids) => ids,
  write: (ids) => element("m:DeleteAttachment", undefined, attachmentIds(ids)),
  read: responses(
    "DeleteAttachment",
    mapped(
      record({ ...status, changeKey: optional(m("RootItemId"), attribute("RootItemChangeKey")) }),
      outcomeOf(({ changeKey }) => ({ changeKey: changeKey || undefined })),
    ),
  ),
};
