import { moveOrCopyFolder } from "../move-and-copy-folder.ts";

/** The folder keeps its id. @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/movefolder-operation */
export const moveFolder = moveOrCopyFolder("MoveFolder", (folder, parent) => {
  folder.mailbox.moveFolder(folder, parent);
  return folder;
});
