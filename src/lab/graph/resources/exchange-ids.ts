import { idOf, parseId } from "../../store/id.ts";
import type { LabMailbox } from "../../store/mailbox.ts";
import { badRequest } from "../errors.ts";
import { ewsId, findItem, immutableId, isImmutable, restId } from "../ids.ts";
import { listIn, textIn } from "../items/message-from-json.ts";
import { type JsonObject, parameterOf } from "../json.ts";
import { jsonOf, type Operation } from "../operation.ts";
import { valueReply } from "../reply.ts";
import { checkParameters } from "./message-changes.ts";

// Maximum number of ids in one call: https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids
const maxIds = 1000;
const formats = ["entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId"] as const;
type Format = (typeof formats)[number];

/** Returns the EWS id of the item that an id in a format names; undefined if it is invalid, or if an immutable id names nothing any more. */
function readAs(format: Format, id: string, mailbox: LabMailbox): string | undefined {
  if (format === "ewsId") return parseId(id) === undefined ? undefined : id;
  if (format === "restId") return ewsId(id);
  if (format === "restImmutableEntryId") return isImmutable(id) ? findItem(mailbox, id)?.id : undefined;
  const bytes = Buffer.from(id.replaceAll("-", "+").replaceAll("_", "/"), "base64");
  if (format === "immutableEntryId") return mailbox.itemByIdentity(bytes)?.id;
  const made = idOf(mailbox.guid, bytes);
  return parseId(made) === undefined ? undefined : made;
}

function writeAs(format: Format, id: string, mailbox: LabMailbox): string | undefined {
  const parsed = parseId(id);
  const item = mailbox.item(id);
  // An entry id is written in the alphabet for URLs, with the count of its padding left out.
  const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  if (format === "ewsId") return id;
  if (format === "restId") return restId(id);
  if (format === "entryId") return parsed && url(parsed.entry);
  if (format === "restImmutableEntryId") return item && immutableId(item);
  return item && url(item.identity);
}

function formatIn(body: JsonObject, name: string): Format {
  const text = textIn(parameterOf(body, name) ?? null, name).toLowerCase();
  const found = formats.find((one) => one.toLowerCase() === text);
  if (found === undefined)
    throw badRequest(`Property ${name} in payload has a value that does not match schema.`, "UnableToDeserializePostBody");
  return found;
}

/** @see https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids */
export const translateExchangeIds: Operation = {
  name: "user-translateexchangeids",
  method: "POST",
  paths: ["/users/{user}/translateExchangeIds"],
  permissions: ["User.Read.All", "User.ReadWrite.All"],
  userPermissions: ["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "User.Read", "User.ReadWrite"],
  of: "exchange",
  handle(call) {
    const body = jsonOf(call.request);
    checkParameters(body, "translateExchangeIds", ["InputIds", "SourceIdType", "TargetIdType"]);
    const ids = listIn(parameterOf(body, "InputIds"), "InputIds").map((one) => textIn(one, "InputIds"));
    if (ids.length > maxIds) throw badRequest(`No more than ${maxIds} ids can be translated at once.`, "ErrorInvalidRequest");
    const [from, to] = [formatIn(body, "SourceIdType"), formatIn(body, "TargetIdType")];
    const value = ids.map((sourceId): JsonObject => {
      const id = readAs(from, sourceId, call.mailbox);
      const targetId = id === undefined ? undefined : writeAs(to, id, call.mailbox);
      if (targetId !== undefined) return { sourceId, targetId };
      return { sourceId, errorDetails: { code: "ErrorInvalidIdMalformed", message: "Id is malformed." } };
    });
    return valueReply({ value }, "Collection(microsoft.graph.convertIdResult)");
  },
};
