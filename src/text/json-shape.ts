const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** What the shape of a JSON text may be. */
export interface ShapeLimits {
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Members and items, at any depth. */
  readonly values: number;
}

/** Which bound was broken. */
export type ShapeViolation = "deep" | "numerous";

/**
 * Follows the shape of a JSON text while its bytes come, before it is parsed: V8 takes seconds for a few megabytes of nothing but brackets.
 * Says nothing of whether the text is JSON. Each byte is looked at once.
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
          // The brackets and braces that open.
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
