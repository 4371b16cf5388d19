import { MoreThanRequested } from "../../exchange/search/list-around-failures.ts";
import { Failure } from "../../failure.ts";

const quote = 0x22;
const backslash = 0x5c;
const openings: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const closings: ReadonlySet<number> = new Set([0x7d, 0x5d]);
/** The depth of an item: the list is a member of the reply, and the item is in the list. */
const depthOfItem = 3;

/**
 * Returns the Failure for a reply of more than `maxBytes`. `beginning`: its first bytes. A list with more items than `top` is not long because of one
 * item, so smaller pages would not help.
 */
export function longReply(beginning: Iterable<Uint8Array>, maxBytes: number, top: number | undefined): Failure {
  const isLong = `The reply has more than ${maxBytes} bytes`;
  if (top === undefined || !hasMoreItems(beginning, top)) return new Failure("broken-reply", `${isLong}.`);
  return new Failure("broken-reply", `${isLong} and more items than the ${top} requested.`, { cause: new MoreThanRequested() });
}

/** Tells whether the beginning of a JSON text shows more than `top` items of a list. Reads no further than the first item above `top`. */
function hasMoreItems(beginning: Iterable<Uint8Array>, top: number): boolean {
  let depth = 0;
  let items = 0;
  let isText = false;
  let isEscaped = false;
  for (const bytes of beginning) {
    for (const byte of bytes) {
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) isText = false;
      } else if (byte === quote) isText = true;
      else if (openings.has(byte)) {
        depth += 1;
        if (depth === depthOfItem) items += 1;
        if (items > top) return true;
      } else if (closings.has(byte)) depth -= 1;
    }
  }
  return false;
}
