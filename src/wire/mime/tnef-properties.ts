/** A MAPI property as TNEF writes it. */
export interface MapiProperty {
  readonly type: number;
  readonly value: Buffer;
}

/** Sizes of fixed-length values, padded to 4 bytes (MS-OXTNEF 2.1.3.4). */
const fixed: ReadonlyMap<number, number> = new Map([
  [0x0002, 4],
  [0x0003, 4],
  [0x0004, 4],
  [0x0005, 8],
  [0x0006, 8],
  [0x0007, 8],
  [0x000a, 4],
  [0x000b, 4],
  [0x0014, 8],
  [0x0040, 8],
  [0x0048, 16],
]);
const variable: ReadonlySet<number> = new Set([0x000d, 0x001e, 0x001f, 0x0102]);
const multiple = 0x1000;
/** No real message has more. */
const maxProperties = 10_000;

/** Reads the properties by id; of several values the first. Ends at a broken one. Skips named properties. */
export function mapiProperties(bytes: Buffer): ReadonlyMap<number, MapiProperty> {
  const found = new Map<number, MapiProperty>();
  let at = 0;
  const number = (): number => {
    const value = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : Number.NaN;
    at += 4;
    return value;
  };
  const padded = (length: number): Buffer => {
    const value = bytes.subarray(at, at + length);
    at += Math.ceil(length / 4) * 4;
    return value;
  };
  const count = Math.min(number() || 0, maxProperties);
  for (let index = 0; index < count && at + 4 <= bytes.length; index++) {
    const type = bytes.readUInt16LE(at);
    const id = bytes.readUInt16LE(at + 2);
    at += 4;
    if (id >= 0x8000) {
      at += 16;
      if (number() === 0) at += 4;
      else padded(number() || 0);
    }
    const base = type & ~multiple;
    const size = fixed.get(base);
    const isMultiple = (type & multiple) !== 0;
    const values = isMultiple || variable.has(base) ? number() : 1;
    if ((size === undefined && !variable.has(base)) || Number.isNaN(values)) break;
    for (let value = 0; value < values && at < bytes.length; value++) {
      const length = size ?? number();
      if (Number.isNaN(length) || at + length > bytes.length) return found;
      const content = padded(length);
      if (value === 0 && id < 0x8000 && !found.has(id)) found.set(id, { type: base, value: content });
    }
  }
  return found;
}

/** Returns a text as UTF-8, or as bytes in the charset of the TNEF. */
export function textOf(
  property: MapiProperty | undefined,
  charset: string,
): { readonly bytes: Buffer; readonly charset: string } | undefined {
  if (property === undefined) return undefined;
  const { type, value } = property;
  if (type === 0x001f) {
    const text = value.toString("utf16le").replace(/\0.*$/s, "");
    return text === "" ? undefined : { bytes: Buffer.from(text), charset: "utf-8" };
  }
  if (type !== 0x001e && type !== 0x0102) return undefined;
  const zero = value.indexOf(0);
  const bytes = zero < 0 ? value : value.subarray(0, zero);
  return bytes.length === 0 ? undefined : { bytes, charset };
}
