const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Limits for the shape of a JSON text. */
export interface ShapeLimits {
  /** Nesting of lists and objects. */
  readonly depth: number;
  /** Number of members and items, at any depth. */
  readonly values: number;
}

/** The limit that was exceeded. */
export type ShapeViolation = "deep" | "numerous";

/**
 * Checks the shape of a JSON text as its bytes arrive, before it is parsed: V8 needs seconds for a few megabytes of brackets. Does not check
 * whether the text is JSON. Reads each byte once.
 */
export function openShapeCheck(most: ShapeLimits): { feed(bytes: Uint8Array): ShapeViolation | undefined } {
  let depth = 0;
  let values = 0;
  let inText = false;
  let escaped = false;
  return {
    feed(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        if (inText) {
          if (escaped) escaped = false;
          else if (bytes[at] === backslash) escaped = true;
          else if (bytes[at] === quote) inText = false;
          continue;
        }
        switch (bytes[at]) {
          case quote:
            inText = true;
            break;
          case comma:
            values += 1;
            break;
          // Opening brackets and braces.
          case 0x5b:
          case 0x7b:
            depth += 1;
            values += 1;
            break;
          case 0x5d:
          case 0x7d:
            depth -= 1;
            break;
          default:
            continue;
        }
        if (depth > most.depth) return "deep";
        if (values > most.values) return "numerous";
      }
      return undefined;
    },
  };
}
