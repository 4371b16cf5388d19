import { restId } from "../ids.ts";

/** On the host of uploads. */
const start = "/api/v2.0/";

/** Returns the path for the pieces of an upload. `item`: id of the message in EWS's form. */
export function uploadPath(user: string, item: string, token: string): string {
  return `${messageAddress(user, item)}/AttachmentSessions('${token.slice(0, 8)}')?authtoken=${token}`;
}

/** Returns the address of an uploaded attachment; its id is the last name in quotes. */
export function attachmentAddress(user: string, item: string, attachment: string): string {
  return `${messageAddress(user, item)}/Attachments('${restId(attachment)}')`;
}

function messageAddress(user: string, item: string): string {
  return `${start}Users('${user}')/Messages('${restId(item)}')`;
}

export function isUploadPath(path: string): boolean {
  return path.startsWith(start);
}
