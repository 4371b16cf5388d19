import { type Operation, responses, tasksOf } from "../operation.ts";
import { folderXml, readFolderShape } from "../search/folder-xml.ts";
import { folderAt, mayChange } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation */
export const getFolder: Operation = {
  name: "GetFolder",
  handle(context) {
    const { request } = context;
    const tasks = tasksOf(context, "FolderIds", (id) => {
      // A wrong shape is an error of each folder, not of the request.
      const shape = readFolderShape(request.child("FolderShape"));
      const folder = folderAt(id, context);
      return `<m:Folders>${folderXml(folder, shape, mayChange(folder.mailbox, context))}</m:Folders>`;
    });
    return responses("GetFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
