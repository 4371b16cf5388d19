import { z } from "zod";
import { parseObject } from "../../graph/json.ts";
import { itemFromMime } from "../../mime/item-from-mime.ts";
import { mimeOf } from "../../mime/mime-of-item.ts";
import type { NewItem } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { ItemError } from "../operation.ts";
import { elementOf, hasMime } from "./item-kind.ts";

// An ExportItems stream, opaque to clients. Exchange's is a FastTransfer stream (MS-OXCFXICS); the lab's is a mark, the length of a JSON text with
// the fields that MIME cannot carry, that text, and the MIME.

const mark = Buffer.from("LABITEM1");

const optionalText = z.string().optional();
const date = z.iso.datetime().transform((text) => new Date(text));

const fieldsOfContact = z.strictObject({
  displayName: optionalText,
  fileAs: optionalText,
  givenName: optionalText,
  middleName: optionalText,
  surname: optionalText,
  nickname: optionalText,
  initials: optionalText,
  companyName: optionalText,
  jobTitle: optionalText,
  department: optionalText,
  officeLocation: optionalText,
  manager: optionalText,
  birthday: date.optional(),
  emailAddresses: z.array(z.strictObject({ key: z.string(), address: z.string(), name: optionalText })),
  phoneNumbers: z.array(z.strictObject({ key: z.string(), number: z.string() })),
  physicalAddresses: z.array(
    z.strictObject({
      key: z.enum(["Business", "Home", "Other"]),
      street: optionalText,
      city: optionalText,
      state: optionalText,
      countryOrRegion: optionalText,
      postalCode: optionalText,
    }),
  ),
});

const fieldsBesideMime = z.strictObject({
  itemClass: z.string(),
  internetMessageId: optionalText,
  subject: z.string(),
  receivedAt: date.optional(),
  sentAt: date.optional(),
  isRead: z.boolean(),
  isDraft: z.boolean(),
  categories: z.array(z.string()),
  extended: z.array(z.tuple([z.string(), z.union([z.string(), z.array(z.string())])])),
  flag: z.strictObject({
    status: z.enum(["NotFlagged", "Flagged", "Complete"]),
    startAt: date.optional(),
    dueAt: date.optional(),
    completeAt: date.optional(),
  }),
  contact: fieldsOfContact.optional(),
  group: z
    .strictObject({ displayName: z.string(), members: z.array(z.strictObject({ name: z.string(), address: z.string() })) })
    .optional(),
});

export function writeItemStream(item: LabItem): Uint8Array {
  const { itemClass, internetMessageId, subject, receivedAt, sentAt, isRead, isDraft, categories, extended, flag, contact, group } = item;
  const beside = {
    itemClass,
    internetMessageId,
    subject,
    receivedAt,
    sentAt,
    isRead,
    isDraft,
    categories,
    extended: [...extended],
    flag,
    contact,
    group,
  };
  const json = Buffer.from(JSON.stringify(beside));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([mark, length, json, hasMime(elementOf(itemClass)) ? mimeOf(item) : new Uint8Array(0)]);
}

/** Throws ItemError `ErrorCorruptData` for what `writeItemStream` did not write. */
export function readItemStream(bytes: Buffer): NewItem {
  const corrupt = new ItemError("ErrorCorruptData", "The data of the item is corrupt.");
  const start = mark.length + 4;
  if (bytes.length < start || !bytes.subarray(0, mark.length).equals(mark)) throw corrupt;
  const end = start + bytes.readUInt32BE(mark.length);
  const beside = fieldsBesideMime.safeParse(parseObject(bytes.toString("utf8", start, end)));
  if (end > bytes.length || !beside.success) throw corrupt;
  const mime = bytes.subarray(end);
  return { ...(mime.length > 0 ? itemFromMime(mime) : {}), ...beside.data, extended: new Map(beside.data.extended) };
}
