import * as z from "zod";
import { defineWholeAnswerAction } from "../catalogue/action-definition.ts";
import { completenessFields, ErrorNoun, errorNoun } from "../catalogue/answer-envelope.ts";
import { commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { narrowing } from "../catalogue/read-input.ts";
import { folder } from "../catalogue/selection-fields.ts";
import type { Contact } from "../exchange/contact.ts";

const ContactRow = z.strictObject({
  item_id: z.string(),
  kind: z.enum(["contact", "group"]).describe("group: a personal distribution list."),
  display_name: z.string().optional(),
  given_name: z.string().optional(),
  surname: z.string().optional(),
  company: z.string().optional(),
  job_title: z.string().optional(),
  department: z.string().optional(),
  email_addresses: z.array(z.string()),
  phone_numbers: z.array(z.strictObject({ label: z.string(), number: z.string() })),
  physical_addresses: z.array(
    z.strictObject({
      label: z.string(),
      street: z.string().optional(),
      city: z.string().optional(),
      state: z.string().optional(),
      zip: z.string().optional(),
      country: z.string().optional(),
    }),
  ),
  modified_at: z.string().optional(),
  folder_path: z.string().optional(),
});

/** No contacts are an answer, not a failure: playbooks ask before they know. */
export const getContacts = defineWholeAnswerAction({
  name: "get-contacts",
  title: "Get Contacts",
  summary: "List the contacts of a mailbox.",
  uses: ["contacts"],
  overGraph: {
    supported: "some",
    differs: "`include_groups` lists no personal distribution lists; `without_groups` says so.",
    why: "Graph returns contacts, but no personal distribution lists.",
  },
  input: z.strictObject({
    ...commonFields,
    folder: folder.describe("Contacts folder: a well-known name, a path, or a folder id. Default: contacts."),
    recursive: z.boolean().default(false).describe("Include subfolders."),
    query: z
      .string()
      .min(1)
      .max(mostCharacters.search)
      .register(narrowing)
      .optional()
      .describe("Text that the name, company or address must contain, ignoring case. Default: all contacts."),
    include_groups: z.boolean().default(false).describe("Include personal distribution lists."),
    // 50 is what the peers' playbooks expect; 1000 is one page of EWS.
    limit: z.number().int().min(1).max(1000).default(50).describe("Maximum number of contacts."),
  }),
  glance: {
    columns: ["display_name", "email_addresses", "phone_numbers", "company", "job_title"],
    members: ({ contacts, truncated, unread }) => ({ contacts, unread, ...(truncated && { more: "there are more than limit" }) }),
  },
  example: { mailbox: "reception@example.com", query: "supplies" },
  output: z.strictObject({
    success: z.boolean(),
    message: z.string(),
    contacts: z.array(ContactRow),
    truncated: z.boolean().describe("Whether there are more than limit. The call still succeeded."),
    incomplete: completenessFields.incomplete,
    without_groups: z
      .literal(true)
      .optional()
      .describe("Present if include_groups was set but the back end does not return distribution lists: there may be some."),
    unread: z
      .array(z.strictObject({ item_id: z.string().optional(), error: ErrorNoun }))
      .optional()
      .describe("Contacts that exist but could not be read."),
  }),
}).run(async ({ folder, recursive, query, include_groups, limit }, { mailbox }) => {
  // One contact more than `limit` shows whether there are more.
  const {
    contacts: found,
    unread,
    withoutGroups,
  } = await mailbox.contacts({ folder, recursive, query, includeGroups: include_groups, limit: limit + 1 });
  const contacts = found.slice(0, limit).map(contactRow);
  const count = contacts.length === 1 ? "1 contact" : `${contacts.length} contacts`;
  const more = `${found.length > limit ? "; there are more" : ""}${unread.length > 0 ? `; ${unread.length} could not be read` : ""}`;
  const summary = contacts.length === 0 && unread.length === 0 ? "No contacts found" : `${count} found${more}.`;
  const groups = "Personal groups are not listed: Microsoft Graph does not return them.";
  return omitUndefined({
    success: unread.length === 0,
    message: withoutGroups === true ? `${summary.replace(/\.?$/, ".")} ${groups}` : summary,
    contacts,
    truncated: found.length > limit,
    incomplete: unread.length > 0 ? (true as const) : undefined,
    without_groups: withoutGroups === true ? (true as const) : undefined,
    unread:
      unread.length === 0 ? undefined : unread.map(({ itemId, failure }) => omitUndefined({ item_id: itemId, error: errorNoun(failure) })),
  });
});

function contactRow(contact: Contact): z.output<typeof ContactRow> {
  return omitUndefined({
    item_id: contact.itemId,
    kind: contact.kind,
    display_name: contact.displayName,
    given_name: contact.givenName,
    surname: contact.surname,
    company: contact.company,
    job_title: contact.jobTitle,
    department: contact.department,
    email_addresses: [...contact.emailAddresses],
    phone_numbers: contact.phoneNumbers.map(({ label, number }) => ({ label, number })),
    physical_addresses: contact.physicalAddresses.map(({ label, street, city, state, postalCode, country }) =>
      omitUndefined({ label, street, city, state, zip: postalCode, country }),
    ),
    modified_at: contact.modifiedAt,
    folder_path: contact.folderPath,
  });
}
