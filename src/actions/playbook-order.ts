import type { Action } from "../catalogue/action-definition.ts";

/** The order in which the integration that playbooks know lists its actions. */
const known: readonly string[] = [
  "get-attachments",
  "get-contacts",
  "get-searchable-mailboxes",
  "get-out-of-office",
  "search-emails-extended",
  "copy-email",
  "delete-attachments",
  "delete-email",
  "download-mail-as-eml",
  "junk-mail",
  "send-email",
  "reply-to-email",
];

/** Returns the actions in the order of known playbooks; new actions follow in their original order. */
export function inPlaybookOrder(catalogue: readonly Action[]): readonly Action[] {
  const rank = ({ name }: Action) => (known.includes(name) ? known.indexOf(name) : known.length);
  return [...catalogue].sort((a, b) => rank(a) - rank(b));
}
