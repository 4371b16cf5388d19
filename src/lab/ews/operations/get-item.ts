import { itemAt } from "../access.ts";
import { itemXml } from "../item-xml.ts";
import { flatten, type Operation, responses, type Task } from "../operation.ts";
import { readShape } from "../shape.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation */
export const getItem: Operation = {
  name: "GetItem",
  handle(context) {
    const { request, store } = context;
    const tasks = (request.child("ItemIds")?.children ?? []).map(
      (id): Task => ({
        itemId: id.attributes.get("Id") ?? "",
        run: () => {
          const shape = readShape(request.child("ItemShape"));
          return flatten(["<m:Items>", itemXml(itemAt(id, context), shape, store), "</m:Items>"]);
        },
      }),
    );
    return responses("GetItem", tasks, context, { empty: "<m:Items/>" });
  },
};
