import type { Operation } from "./operation.ts";
import { addAttachment, deleteAttachment, getAttachment, getAttachmentContent, listAttachments } from "./resources/attachments.ts";
import { batch } from "./resources/batch.ts";
import {
  getContact,
  getContactFolder,
  listContactChildFolders,
  listContactFolders,
  listContacts,
  listFolderContacts,
} from "./resources/contacts.ts";
import { mailFolderDelta, messageDelta } from "./resources/delta.ts";
import {
  createFolderMessage,
  createForward,
  createMessage,
  createReply,
  createReplyAll,
  forward,
  reply,
  replyAll,
  sendMail,
  sendMessage,
} from "./resources/drafts.ts";
import { createEvent, declineEvent, deleteEvent, getEvent, listEvents } from "./resources/events.ts";
import { translateExchangeIds } from "./resources/exchange-ids.ts";
import {
  copyMailFolder,
  deleteMailFolder,
  moveMailFolder,
  permanentlyDeleteMailFolder,
  updateMailFolder,
} from "./resources/folder-changes.ts";
import { listGroups, listTransitiveMembers } from "./resources/groups.ts";
import { createChildFolder, createMailFolder, getMailFolder, listChildFolders, listMailFolders } from "./resources/mail-folders.ts";
import { createImportSession, exportItems, getExchangeSettings } from "./resources/mailbox-items.ts";
import { getMailboxSetting, getMailboxSettings, updateMailboxSettings } from "./resources/mailbox-settings.ts";
import { copyMessage, deleteMessage, moveMessage, permanentDelete, updateMessage } from "./resources/message-changes.ts";
import { createMessageRule, deleteMessageRule, getMessageRule, listMessageRules, updateMessageRule } from "./resources/message-rules.ts";
import { listMessageTraces } from "./resources/message-traces.ts";
import { getMessage, getMime, listFolderMessages, listMessages } from "./resources/messages.ts";
import { createSubscription, listSubscriptions } from "./resources/subscriptions.ts";
import { createUploadSession } from "./resources/upload-sessions.ts";
import { getUser, listUsers } from "./resources/users.ts";

/** Everything that the lab's Graph can do. */
export const operations: readonly Operation[] = [
  listUsers,
  getUser,
  listGroups,
  listTransitiveMembers,
  listMessageTraces,
  listMailFolders,
  getMailFolder,
  listChildFolders,
  createMailFolder,
  createChildFolder,
  updateMailFolder,
  deleteMailFolder,
  permanentlyDeleteMailFolder,
  copyMailFolder,
  moveMailFolder,
  mailFolderDelta,
  messageDelta,
  listMessageRules,
  getMessageRule,
  createMessageRule,
  updateMessageRule,
  deleteMessageRule,
  listMessages,
  listFolderMessages,
  getMessage,
  getMime,
  createMessage,
  createFolderMessage,
  updateMessage,
  copyMessage,
  moveMessage,
  deleteMessage,
  permanentDelete,
  createReply,
  createReplyAll,
  createForward,
  reply,
  replyAll,
  forward,
  sendMessage,
  sendMail,
  listAttachments,
  getAttachment,
  getAttachmentContent,
  addAttachment,
  deleteAttachment,
  createUploadSession,
  listContacts,
  getContact,
  listContactFolders,
  getContactFolder,
  listContactChildFolders,
  listFolderContacts,
  listEvents,
  getEvent,
  createEvent,
  deleteEvent,
  declineEvent,
  getMailboxSettings,
  getMailboxSetting,
  updateMailboxSettings,
  translateExchangeIds,
  getExchangeSettings,
  exportItems,
  createImportSession,
  createSubscription,
  listSubscriptions,
  batch,
];
