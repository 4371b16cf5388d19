import { itemIdXml } from "../items/item-properties.ts";
import { writeItemStream } from "../items/item-stream.ts";
import { base64, flatten, type Operation, responses, tasksOf } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exportitems-operation */
export const exportItems: Operation = {
  name: "ExportItems",
  handle(context) {
    const tasks = tasksOf(context, "ItemIds", (id) => {
      const item = itemAt(id, context);
      return flatten([itemIdXml(item, "m:ItemId"), "<m:Data>", base64(writeItemStream(item)), "</m:Data>"]);
    });
    return responses("ExportItems", tasks, context);
  },
};
