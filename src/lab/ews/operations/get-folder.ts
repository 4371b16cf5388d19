import { folderAt } from "../access.ts";
import { folderXml, readFolderShape } from "../folder-xml.ts";
import { type Operation, responses, tasksOf } from "../operation.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation */
export const getFolder: Operation = {
  name: "GetFolder",
  handle(context) {
    const { request } = context;
    const tasks = tasksOf(
      context,
      "FolderIds",
      (id) => `<m:Folders>${folderXml(folderAt(id, context), readFolderShape(request.child("FolderShape")))}</m:Folders>`,
    );
    return responses("GetFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
