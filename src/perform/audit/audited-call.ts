import * as z from "zod";
import type { Action, Row } from "../../catalogue/action-definition.ts";
import { unwrapSchema } from "../../catalogue/limits.ts";

/** The columns that identify an item in the audit log. Other columns may contain text that must not be logged. */
export const namingColumns = [
  "item_id",
  "internet_message_id",
  "subject",
  "attachment_id",
  "name",
  "size",
  "to",
  "cc",
  "bcc",
  "folder_path",
];
/** The columns that state the result of an item, and the ids that an undo needs. */
export const outcomeColumns = [
  "action",
  "item_id",
  "new_item_id",
  "internet_message_id",
  "new_internet_message_id",
  "undo",
  "sender_blocked",
  "moved",
  "method",
];

export function pickColumns(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]));
}

/** Returns the switches, numbers, choices and destinations of an input. Never free text, because a body is free text. */
export function optionsOf(action: Action, input: Row): Row {
  const said = Object.entries(input).filter(([name, value]) => {
    if (typeof value === "boolean" || typeof value === "number") return true;
    const field = action.input.shape[name];
    return name.startsWith("destination_") || (field !== undefined && unwrapSchema(field) instanceof z.ZodEnum);
  });
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}
