import { folderAt } from "../access.ts";
import { folderXml, readFolderShape } from "../folder-xml.ts";
import { type Operation, responses, type Task } from "../operation.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation */
export const getFolder: Operation = {
  name: "GetFolder",
  handle(context) {
    const { request } = context;
    const tasks = (request.child("FolderIds")?.children ?? []).map(
      (id): Task => ({
        itemId: id.attributes.get("Id") ?? "",
        run: () => `<m:Folders>${folderXml(folderAt(id, context), readFolderShape(request.child("FolderShape")))}</m:Folders>`,
      }),
    );
    return responses("GetFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
