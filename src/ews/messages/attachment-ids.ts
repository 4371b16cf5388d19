// src/ews/messages/: Reads messages, attachments and contacts by id.

import { Failure } from "../../failure.ts";
import type { PartLocation } from "../../message-content/attached-parts.ts";

/** A thousand parts, a hundred deep: nothing that we list is further in. */
const maxPartDepth = 100;

/**
 * Where an attachment is. Inside of a file Exchange reaches nothing, so each part has the file's id and its number behind a full stop, which stands in
 * no id of Exchange.
 */
export function parseAttachmentId(id: string): PartLocation {
  const [holder = "", ...numbers] = id.split(".");
  const isPlace = holder !== "" && numbers.length <= maxPartDepth && numbers.every((number) => /^[1-9]\d{0,3}$/.test(number));
  return isPlace ? { holder, inside: numbers.map(Number) } : { holder: id, inside: [] };
}

/** Whether this hangs in what another attachment holds. Throws Failure `invalid-input` for what is no id of an attachment. */
export function isNestedPart(id: string): boolean {
  if (!id.includes(".")) return false;
  if (parseAttachmentId(id).inside.length > 0) return true;
  throw new Failure("invalid-input", "This is not an id of an attachment.");
}
