import type { Action } from "../catalogue/action-definition.ts";

/**
 * The list of actions, in alphabetical order. A process usually needs one: creating the schemas of all twelve takes 11 ms (Node 20), of one 1 ms.
 * `npm run docs` generates index.ts from this list.
 */
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

export const actionNames: readonly string[] = Object.keys(loaders);

/** Short names for the command line. */
export const actionAliases: Readonly<Record<string, string>> = {
  attachments: "get-attachments",
  contacts: "get-contacts",
  copy: "copy-email",
  delete: "delete-email",
  eml: "download-mail-as-eml",
  junk: "junk-mail",
  mailboxes: "get-searchable-mailboxes",
  "out-of-office": "get-out-of-office",
  reply: "reply-to-email",
  search: "search-emails-extended",
  send: "send-email",
};

/** Loads an action by name. Call it only with a name from `actionNames`. */
export async function loadAction(name: string): Promise<Action> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load === undefined) throw new RangeError(`There is no action ${name}.`);
  return load();
}
