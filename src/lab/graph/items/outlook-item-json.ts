import type { LabItem } from "../../store/mailbox.ts";
import { itemId } from "../ids.ts";
import { type JsonObject, timeJson } from "../json.ts";
import type { ReplyFormat } from "./reply-format.ts";

/** Returns the members that contacts and events share. @see https://learn.microsoft.com/en-us/graph/api/resources/outlookitem */
export function outlookItemJson(item: LabItem, format: ReplyFormat): JsonObject {
  return {
    "@odata.etag": `W/"${item.changeKey}"`,
    id: itemId(item, format.ids),
    createdDateTime: timeJson(item.createdAt),
    lastModifiedDateTime: timeJson(item.modifiedAt),
    changeKey: item.changeKey,
    categories: item.categories,
  };
}
