// src/ews/messages/: Reads messages, attachments and contacts by id.

import { Failure } from "../../failure.ts";
import type { PartLocation } from "../../message-content/attached-parts.ts";

/** Maximum depth of a part: mailcordon lists at most a thousand parts, a hundred levels deep. */
const maxPartDepth = 100;

/**
 * Returns the location of an attachment. Exchange does not open parts inside a file, so each part has the id of the file, a full stop (which no
 * Exchange id has) and its number.
 */
export function parseAttachmentId(id: string): PartLocation {
  const [holder = "", ...numbers] = id.split(".");
  const isPlace = holder !== "" && numbers.length <= maxPartDepth && numbers.every((number) => /^[1-9]\d{0,3}$/.test(number));
  return isPlace ? { holder, inside: numbers.map(Number) } : { holder: id, inside: [] };
}

/** Tells whether this is a part inside another attachment. Throws Failure `invalid-input` for text that is not an attachment id. */
export function isNestedPart(id: string): boolean {
  if (!id.includes(".")) return false;
  if (parseAttachmentId(id).inside.length > 0) return true;
  throw new Failure("invalid-input", "This is not an id of an attachment.");
}
