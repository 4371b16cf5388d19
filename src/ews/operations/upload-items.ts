import { attribute, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { type ByteSource, base64Content, element } from "../../wire/xml/write-xml.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { status } from "../session/response-status.ts";

/**
 * Creates a new item from the data of ExportItems. The folder needs an id, because this operation accepts no well-known name. Not repeated: each
 * request creates another item.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/uploaditems-operation
 */
export const uploadItem: Operation<{ readonly folderId: string; readonly data: ByteSource }, { readonly newItemId?: string | undefined }> =
  {
    name: "UploadItems",
    safety: "never",
    names: ({ folderId }) => [folderId],
    write: ({ folderId, data }) =>
      element(
        "m:UploadItems",
        undefined,
        element(
          "m:Items",
          undefined,
          element(
            "t:Item",
            { CreateAction: "CreateNew" },
            element("t:ParentFolderId", { Id: folderId }),
            element("t:Data", undefined, base64Content(data)),
          ),
        ),
      ),
    read: responses(
      "UploadItems",
      mapped(
        record({ ...status, itemId: optional(m("ItemId"), attribute("Id")) }),
        outcomeOf(({ itemId }) => ({ newItemId: itemId || undefined })),
      ),
    ),
  };
