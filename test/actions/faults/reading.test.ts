import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { getOutOfOffice } from "../../../src/actions/get-out-of-office.ts";
import { getSearchableMailboxes } from "../../../src/actions/get-searchable-mailboxes.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { faultRuns, type Scenario } from "./run.ts";
import { ann, ben, messageIdOf, type Stage } from "./stage.ts";

const subjects = ["first", "second", "third"];
const putAll = (stage: Stage) => subjects.map((subject) => stage.put(subject));

const scenarios: readonly Scenario[] = [
  {
    title: "three messages by id",
    action: downloadMailAsEml,
    arrange: (stage) => ({ input: { item_id: putAll(stage).map(stage.idOf) } }),
  },
  {
    title: "two messages with files and an attached message",
    action: getAttachments,
    arrange(stage) {
      const file = { kind: "file", name: "a.txt", content: Buffer.from("a file") } as const;
      const inner = { kind: "item", name: "inner", item: { subject: "inner", attachments: [file] } } as const;
      stage.put("first", { attachments: [file, inner] });
      stage.put("second", { attachments: [file] });
      return { input: { internet_message_id: ["first", "second"].map(messageIdOf) } };
    },
  },
  {
    title: "of one mailbox",
    action: getContacts,
    arrange(stage) {
      const mailbox = stage.mailbox(ann);
      const names = { displayName: "Contact One", givenName: "Contact", surname: "One" };
      mailbox.add(mailbox.known("contacts"), {
        itemClass: "IPM.Contact",
        subject: "Contact One",
        contact: { emailAddresses: [], phoneNumbers: [], physicalAddresses: [], ...names },
      });
      return { input: {} };
    },
  },
  { title: "of one mailbox", action: getOutOfOffice, arrange: () => ({ input: {} }) },
  { title: "all", action: getSearchableMailboxes, arrange: () => ({ input: {} }) },
  {
    title: "one mailbox, bodies read",
    action: searchEmailsExtended,
    arrange(stage) {
      putAll(stage);
      return { input: { body: "about", include_body: "text", fields: ["subject", "to"] } };
    },
  },
  {
    title: "all mailboxes",
    action: searchEmailsExtended,
    arrange(stage) {
      putAll(stage);
      const other = stage.mailbox(ben);
      other.add(other.known("inbox"), { subject: "first", internetMessageId: messageIdOf("first") });
      return { input: { mailboxes: "all", subject: "first" } };
    },
  },
];

await faultRuns(scenarios);
