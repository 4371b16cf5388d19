import { folderAt, mayChange } from "../access.ts";
import { folderXml, readFolderShape } from "../folder-xml.ts";
import { type Operation, responses, tasksOf } from "../operation.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation */
export const getFolder: Operation = {
  name: "GetFolder",
  handle(context) {
    const { request } = context;
    const shape = readFolderShape(request.child("FolderShape"));
    const tasks = tasksOf(context, "FolderIds", (id) => {
      const folder = folderAt(id, context);
      return `<m:Folders>${folderXml(folder, shape, mayChange(folder.mailbox, context))}</m:Folders>`;
    });
    return responses("GetFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
