import type { Operation } from "./operation.ts";
import { convertId } from "./operations/convert-id.ts";
import { copyFolder } from "./operations/copy-folder.ts";
import { copyItem } from "./operations/copy-item.ts";
import { createAttachment } from "./operations/create-attachment.ts";
import { createFolder } from "./operations/create-folder.ts";
import { createItem } from "./operations/create-item.ts";
import { deleteAttachment } from "./operations/delete-attachment.ts";
import { deleteFolder } from "./operations/delete-folder.ts";
import { deleteItem } from "./operations/delete-item.ts";
import { emptyFolder } from "./operations/empty-folder.ts";
import { expandDl } from "./operations/expand-dl.ts";
import { exportItems } from "./operations/export-items.ts";
import { findFolder } from "./operations/find-folder.ts";
import { findItem } from "./operations/find-item.ts";
import { findPeople } from "./operations/find-people.ts";
import { getAttachment } from "./operations/get-attachment.ts";
import { getEvents } from "./operations/get-events.ts";
import { getFolder } from "./operations/get-folder.ts";
import { getInboxRules } from "./operations/get-inbox-rules.ts";
import { getItem } from "./operations/get-item.ts";
import { getSearchableMailboxes } from "./operations/get-searchable-mailboxes.ts";
import { getServerTimeZones } from "./operations/get-server-time-zones.ts";
import { getStreamingEvents } from "./operations/get-streaming-events.ts";
import { getUserOofSettings } from "./operations/get-user-oof-settings.ts";
import { markAllItemsAsRead } from "./operations/mark-all-items-as-read.ts";
import { markAsJunk } from "./operations/mark-as-junk.ts";
import { moveFolder } from "./operations/move-folder.ts";
import { moveItem } from "./operations/move-item.ts";
import { resolveNames } from "./operations/resolve-names.ts";
import { searchMailboxes } from "./operations/search-mailboxes.ts";
import { sendItem } from "./operations/send-item.ts";
import { setUserOofSettings } from "./operations/set-user-oof-settings.ts";
import { subscribe } from "./operations/subscribe.ts";
import { syncFolderHierarchy } from "./operations/sync-folder-hierarchy.ts";
import { syncFolderItems } from "./operations/sync-folder-items.ts";
import { unsubscribe } from "./operations/unsubscribe.ts";
import { updateFolder } from "./operations/update-folder.ts";
import { updateInboxRules } from "./operations/update-inbox-rules.ts";
import { updateItem } from "./operations/update-item.ts";
import { uploadItems } from "./operations/upload-items.ts";

/** Every operation of the lab. */
export const operations: readonly Operation[] = [
  convertId,
  copyFolder,
  copyItem,
  createAttachment,
  createFolder,
  createItem,
  deleteAttachment,
  deleteFolder,
  deleteItem,
  emptyFolder,
  expandDl,
  exportItems,
  findFolder,
  findItem,
  findPeople,
  getAttachment,
  getEvents,
  getFolder,
  getInboxRules,
  getItem,
  getSearchableMailboxes,
  getServerTimeZones,
  getStreamingEvents,
  getUserOofSettings,
  markAllItemsAsRead,
  markAsJunk,
  moveFolder,
  moveItem,
  resolveNames,
  searchMailboxes,
  sendItem,
  setUserOofSettings,
  subscribe,
  syncFolderHierarchy,
  syncFolderItems,
  unsubscribe,
  updateFolder,
  updateInboxRules,
  updateItem,
  uploadItems,
];
