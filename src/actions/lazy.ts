import type { Action } from "../action.ts";
import { Failure } from "../failure.ts";

/** A program that runs one action and ends reads only that one: a playbook starts a process per action. */
const loaders: Readonly<Record<string, () => Promise<Action>>> = {
  "copy-email": async () => (await import("./copy-email.ts")).copyEmail,
  "delete-attachments": async () => (await import("./delete-attachments.ts")).deleteAttachments,
  "delete-email": async () => (await import("./delete-email.ts")).deleteEmail,
  "download-mail-as-eml": async () => (await import("./download-mail-as-eml.ts")).downloadMailAsEml,
  "get-attachments": async () => (await import("./get-attachments.ts")).getAttachments,
  "get-contacts": async () => (await import("./get-contacts.ts")).getContacts,
  "get-out-of-office": async () => (await import("./get-out-of-office.ts")).getOutOfOffice,
  "get-searchable-mailboxes": async () => (await import("./get-searchable-mailboxes.ts")).getSearchableMailboxes,
  "junk-mail": async () => (await import("./junk-mail.ts")).junkMail,
  "reply-to-email": async () => (await import("./reply-to-email.ts")).replyToEmail,
  "search-emails-extended": async () => (await import("./search-emails-extended.ts")).searchEmailsExtended,
  "send-email": async () => (await import("./send-email.ts")).sendEmail,
};

/** The catalogue of `index.ts` by names, each action loaded when it is asked for. */
export const lazyCatalogue = {
  names: Object.keys(loaders),
  async load(name: string): Promise<Action> {
    const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
    if (load === undefined) throw new Failure("invalid-input", `There is no action "${name}".`);
    return await load();
  },
};
