// src/lab/ews/operations/: One file per SOAP operation of the lab, under Microsoft's name.

import { idOf, mailboxGuidIn, parseId } from "../../store/id.ts";
import { el, type XmlElement } from "../../xml.ts";
import { ItemError, type Operation, type RequestContext, responses, type Task } from "../operation.ts";

/** An entry id has 4 bytes of flags and the 16 of the mailbox's GUID first. */
const guidEnd = 20;

const malformed = (): ItemError => new ItemError("ErrorInvalidIdMalformed", "Id is malformed.");

// A StoreId is the entry id with its object type after it: 1 is a folder, 9 a message.
const typeOf = (entry: Uint8Array): number => (entry.length === 46 ? 1 : 9);

/** The id in the form that EWS uses. Throws ItemError `ErrorInvalidIdMalformed`. */
function readAs(format: string, id: string): string {
  switch (format) {
    case "EntryId":
      return fromEntry(Buffer.from(id, "base64"));
    case "HexEntryId":
      if (!/^([0-9a-f]{2})+$/i.test(id)) throw malformed();
      return fromEntry(Buffer.from(id, "hex"));
    case "StoreId":
      return fromEntry(Buffer.from(id, "base64").subarray(0, -1));
    case "OwaId":
      return fromEntry(Buffer.from(unescaped(id), "base64").subarray(0, -1));
    default:
      if (parseId(id) === undefined) throw malformed();
      return id;
  }
}

function unescaped(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function fromEntry(entry: Buffer): string {
  if (entry.length < guidEnd) throw malformed();
  const id = idOf(mailboxGuidIn(entry), entry);
  if (parseId(id) === undefined) throw malformed();
  return id;
}

function writeAs(format: string, id: string): string {
  const parsed = parseId(id);
  if (parsed === undefined) throw malformed();
  // An attachment has no entry id of its own.
  if (parsed.kind === "attachment" && format !== "EwsId" && format !== "EwsLegacyId") throw malformed();
  const entry = Buffer.from(parsed.entry);
  const store = Buffer.concat([entry, Uint8Array.of(typeOf(entry))]).toString("base64");
  switch (format) {
    case "EntryId":
      return entry.toString("base64");
    case "HexEntryId":
      return entry.toString("hex").toUpperCase();
    case "StoreId":
      return store;
    case "OwaId":
      return store.replace(/[+/=]/g, encodeURIComponent);
    default:
      return id;
  }
}

function convert(source: XmlElement, context: RequestContext): string {
  if (source.name !== "AlternateId") throw new ItemError("ErrorUnsupportedTypeForConversion", "There are no public folders here.");
  const address = source.attributes.get("Mailbox") ?? "";
  if (!address.includes("@")) throw new ItemError("ErrorInvalidSmtpAddress", "The SMTP address format is invalid.");
  const format = context.request.attributes.get("DestinationFormat") ?? "EwsId";
  const ewsId = readAs(source.attributes.get("Format") ?? "EwsId", source.attributes.get("Id") ?? "");
  const id = writeAs(format, ewsId);
  // Exchange does not check whether the mailbox exists: the id names its owner.
  const owner = context.store.mailboxByGuid(parseId(ewsId)?.mailbox ?? "")?.address ?? address;
  return el("m:AlternateId", { "xsi:type": "t:AlternateIdType", Format: format, Id: id, Mailbox: owner });
}

/**
 * Old and new ids of EWS are the same in the lab.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/convertid-operation
 */
export const convertId: Operation = {
  name: "ConvertId",
  handle(context) {
    const tasks = (context.request.child("SourceIds")?.children ?? []).map(
      (source): Task =>
        () =>
          convert(source, context),
    );
    return responses("ConvertId", tasks, context);
  },
};
