import { itemXml } from "../items/item-xml.ts";
import { flatten, type Operation, responses, tasksOf } from "../operation.ts";
import { readShape } from "../search/item-shape.ts";
import { openableItemAt } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation */
export const getItem: Operation = {
  name: "GetItem",
  handle(context) {
    const { request, store } = context;
    const tasks = tasksOf(context, "ItemIds", (id) => {
      const shape = readShape(request.child("ItemShape"));
      return flatten(["<m:Items>", itemXml(openableItemAt(id, context), shape, store), "</m:Items>"]);
    });
    return responses("GetItem", tasks, context, { empty: "<m:Items/>" });
  },
};
