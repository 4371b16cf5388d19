import type { NewItem } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { type ResponseKind, responseTo } from "../../store/response.ts";
import type { XmlElement } from "../../xml.ts";
import { ItemError, type RequestContext } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";
import { type GatheredFields, readProperty } from "./item-from-xml.ts";

/** The response objects that the lab makes of a message. */
export type ResponseObject = "ReplyToItem" | "ReplyAllToItem" | "ForwardItem";

const kinds: Readonly<Record<ResponseObject, ResponseKind>> = {
  ReplyToItem: "reply",
  ReplyAllToItem: "reply-all",
  ForwardItem: "forward",
};

export function isResponseObject(name: string): name is ResponseObject {
  return Object.hasOwn(kinds, name);
}

/**
 * Builds the message of a response object. Fields of the request override those of the response; a body replaces the quoted original. Throws
 * ItemError.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-respond-to-email-messages-by-using-ews-in-exchange
 */
export function respond(
  element: XmlElement,
  kind: ResponseObject,
  context: RequestContext,
): { readonly original: LabItem; readonly item: NewItem } {
  const reference = element.child("ReferenceItemId");
  if (reference === undefined) throw new ItemError("ErrorMissingInformationReferenceItemId", "The item to respond to is not named.");
  const original = itemAt(reference, context);
  const given: GatheredFields = {};
  for (const child of element.children) readProperty(child, "Message", given, context.store);
  const isBodyGiven = element.child("Body") !== undefined;
  const made = responseTo(original, kinds[kind], isBodyGiven ? undefined : given.body, context.store);
  // The request may set only the recipients: threading and attachments come from the original.
  const { to = made.to, cc = made.cc } = given;
  return {
    original,
    item: { ...given, ...made, to, cc, subject: given.subject ?? made.subject, body: isBodyGiven ? (given.body ?? made.body) : made.body },
  };
}
