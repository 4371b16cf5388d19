import type { Action } from "../action.ts";
import { copyEmail } from "./copy-email.ts";
import { deleteAttachments } from "./delete-attachments.ts";
import { deleteEmail } from "./delete-email.ts";
import { downloadMailAsEml } from "./download-mail-as-eml.ts";
import { getAttachments } from "./get-attachments.ts";
import { getContacts } from "./get-contacts.ts";
import { getOutOfOffice } from "./get-out-of-office.ts";
import { getSearchableMailboxes } from "./get-searchable-mailboxes.ts";
import { junkMail } from "./junk-mail.ts";
import { replyToEmail } from "./reply-to-email.ts";
import { searchEmailsExtended } from "./search-emails-extended.ts";
import { sendEmail } from "./send-email.ts";

/** Everything that mailcordon can do, in alphabetical order. */
export const catalogue: readonly Action[] = [
  copyEmail,
  deleteAttachments,
  deleteEmail,
  downloadMailAsEml,
  getAttachments,
  getContacts,
  getOutOfOffice,
  getSearchableMailboxes,
  junkMail,
  replyToEmail,
  searchEmailsExtended,
  sendEmail,
];
