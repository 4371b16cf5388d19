/** One field of an action in its spellings: JSON and tool calls say `item_id`, the command line `--item-id`, a heading `Item id`. */

/** An action's name as tools and operations have it: `delete-email` -> `delete_email`. */
export function toolOf(action: string): string {
  return action.replaceAll("-", "_");
}

/** `item_id` -> `--item-id`. */
export function flagOf(field: string): string {
  return `--${field.replaceAll("_", "-")}`;
}

/** `--item-id` -> `item_id`; a flag may also be written with underscores. */
export function fieldOf(flag: string): string {
  return flag.replace(/^--/, "").replaceAll("-", "_");
}

/** `item_id` -> `Item id`, `is_read` -> `Read`, for the heading of a column. */
export function headingOf(field: string): string {
  const words = field.replace(/^(is|has)_/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
