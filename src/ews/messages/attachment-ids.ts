// src/ews/messages/: Reads messages, attachments and contacts by id.

import { Failure } from "../../failure.ts";
import type { InsidePlace } from "../../message-content/attached-parts.ts";

/** A thousand parts, a hundred deep: nothing that we list is further in. */
const maxInside = 100;

/**
 * Where an attachment is. Inside of a file Exchange reaches nothing, so each part has the file's id and its number behind a full stop, which stands in
 * no id of Exchange.
 */
export function insideOf(id: string): InsidePlace {
  const [holder = "", ...numbers] = id.split(".");
  const isPlace = holder !== "" && numbers.length <= maxInside && numbers.every((number) => /^[1-9]\d{0,3}$/.test(number));
  return isPlace ? { holder, inside: numbers.map(Number) } : { holder: id, inside: [] };
}

/** Whether this hangs in what another attachment holds. Throws Failure `invalid-input` for what is no id of an attachment. */
export function isInside(id: string): boolean {
  if (!id.includes(".")) return false;
  if (insideOf(id).inside.length > 0) return true;
  throw new Failure("invalid-input", "This is not an id of an attachment.");
}
