import type { FolderName } from "../../exchange/folders/folder.ts";
import { parseFolderName } from "../../exchange/folders/folder-names.ts";
import { foreignFolder } from "../../exchange/foreign-id.ts";
import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { getFolder } from "../requests/mail-folders.ts";
import { isOfEws } from "./ews-ids.ts";
import type { GraphMailbox } from "./mailbox.ts";

/**
 * Returns the GUID of the primary mailbox, from the id of its Inbox. Undefined where the id has none, or the Inbox cannot be opened. Throws Failure
 * `cancelled`.
 */
export async function guidOfMailbox(mailbox: GraphMailbox): Promise<string | undefined> {
  const inbox = await attempt(() => mailbox.ask(getFolder, { distinguished: "inbox" }));
  if (!inbox.ok && inbox.failure.code === "cancelled") throw inbox.failure;
  return inbox.ok ? mailboxGuidOf(inbox.value.folderId) : undefined;
}

/** Explains why Graph does not know a folder: the id belongs to another mailbox, or there is no such folder. Throws Failure `cancelled`. */
export async function unknownFolder(mailbox: GraphMailbox, name: FolderName, cause: Failure): Promise<Failure> {
  const parsed = parseFolderName(name);
  const guid = parsed.kind === "id" ? mailboxGuidOf(parsed.id) : undefined;
  if (guid !== undefined) {
    const own = await guidOfMailbox(mailbox);
    if (own !== undefined && own !== guid) return foreignFolder(mailbox.address);
  }
  return folderNotFound(name, [], cause);
}

const ofEws =
  "This is an id of Exchange Web Services: those of folders for mail are known to Microsoft Graph in another alphabet, those of archives and public folders are not known. Name the folder by its path.";

export function folderNotFound(name: FolderName, missing: readonly string[], cause?: Failure): Failure {
  const [first] = missing;
  const where = first === undefined ? "" : `: there is no "${first}"`;
  const hint = isOfEws(name) && parseFolderName(name).kind === "id" ? ofEws : undefined;
  return new Failure("folder-not-found", `The folder "${name}" was not found${where}.`, {
    hint,
    wireCode: cause?.wireCode,
    requestId: cause?.requestId,
    cause,
  });
}
