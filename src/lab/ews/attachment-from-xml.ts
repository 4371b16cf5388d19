import type { NewAttachment } from "../item.ts";
import type { Store } from "../store.ts";
import { el, type XmlElement } from "../xml.ts";
import { readBase64, readItem } from "./item-from-xml.ts";
import { defaultClasses, type ItemElement } from "./item-kind.ts";
import { ItemError } from "./operation.ts";

const isItemElement = (name: string): name is ItemElement => Object.hasOwn(defaultClasses, name);

function missing(field: string): never {
  throw new ItemError(
    "ErrorRequiredPropertyMissing",
    "Required property is missing.",
    el("t:ExceptionFieldURI", { FieldURI: `attachment:${field}` }),
  );
}

/**
 * One of t:FileAttachment, t:ItemAttachment and t:ReferenceAttachment of a request. Throws ItemError.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment-operation
 */
export function readAttachment(element: XmlElement, store: Store): NewAttachment {
  const name = element.child("Name")?.text;
  if (name === undefined) missing("Name");
  const fields = {
    name,
    contentType: element.textAt("ContentType"),
    contentId: element.textAt("ContentId"),
    contentLocation: element.textAt("ContentLocation"),
    isInline: /^(true|1)$/.test(element.textAt("IsInline") ?? ""),
  };
  if (element.name === "ReferenceAttachment") return { kind: "reference", ...fields, url: element.textAt("AttachLongPathName") };
  if (element.name === "FileAttachment") {
    const content = element.child("Content");
    if (content === undefined) missing("Content");
    return { kind: "file", ...fields, content: readBase64(content, "ErrorInvalidValueForProperty") };
  }
  const inner = element.children.find((child) => isItemElement(child.name));
  if (inner === undefined || !isItemElement(inner.name)) {
    throw new ItemError("ErrorMissingItemForCreateItemAttachment", "The item attachment holds no item.");
  }
  if (inner.name.startsWith("Meeting")) {
    throw new ItemError("ErrorInvalidItemForOperationCreateItemAttachment", "Items of this type cannot be attached.");
  }
  return { kind: "item", ...fields, item: { isRead: true, ...readItem(inner, inner.name, store) } };
}

/** t:Attachments of a request. */
export function readAttachments(element: XmlElement, store: Store): readonly NewAttachment[] {
  return element.children.map((child) => readAttachment(child, store));
}
