import { copyFolder as copy } from "../../store/folders/folder-tree.ts";
import { moveOrCopyFolder } from "../move-and-copy-folder.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/copyfolder-operation */
export const copyFolder = moveOrCopyFolder("CopyFolder", copy);
