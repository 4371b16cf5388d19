/** Writes TNEF (MS-OXTNEF), for tests. */

const number = (value: number, size = 4): Buffer => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
};

export function attribute(level: 1 | 2, id: number, value: Uint8Array): Buffer {
  const sum = value.reduce((total, byte) => (total + byte) & 0xffff, 0);
  return Buffer.concat([number(level, 1), number(id), number(value.length), value, number(sum, 2)]);
}

const padded = (value: Uint8Array): Buffer => Buffer.concat([number(value.length), value, Buffer.alloc((4 - (value.length % 4)) % 4)]);

/** A property of a variable length. */
export function property(type: number, id: number, value: Uint8Array): Buffer {
  return Buffer.concat([number(type, 2), number(id, 2), number(1), padded(value)]);
}

export const unicode = (id: number, text: string): Buffer => property(0x001f, id, Buffer.from(`${text}\0`, "utf16le"));
/** One of a fixed length, with a name of its own. */
export const named = (): Buffer =>
  Buffer.concat([number(3, 2), number(0x8001, 2), Buffer.alloc(16, 7), number(1), padded(Buffer.from("n\0a\0me", "latin1")), number(42)]);
export const properties = (...all: readonly Buffer[]): Buffer => Buffer.concat([number(all.length), ...all]);

export interface TnefFile {
  readonly title: string;
  readonly name?: string;
  readonly type?: string;
  readonly content?: Uint8Array;
  /** An embedded message, as TNEF. */
  readonly message?: Uint8Array;
}

export function tnef(files: readonly TnefFile[], text = "the body"): Buffer {
  const attached = files.flatMap(({ title, name, type, content, message }) => [
    attribute(2, 0x00069002, Buffer.alloc(14)),
    attribute(2, 0x00018010, Buffer.from(`${title}\0`, "latin1")),
    ...(content === undefined ? [] : [attribute(2, 0x0006800f, content)]),
    attribute(
      2,
      0x00069005,
      properties(
        named(),
        ...(name === undefined ? [] : [unicode(0x3707, name)]),
        ...(type === undefined ? [] : [unicode(0x370e, type)]),
        ...(message === undefined ? [] : [property(0x000d, 0x3701, Buffer.concat([Buffer.alloc(16, 1), message])), unicode(0x3001, title)]),
      ),
    ),
  ]);
  return Buffer.concat([
    number(0x223e9f78),
    number(1, 2),
    attribute(1, 0x00089006, number(0x00010000)),
    attribute(1, 0x00069007, Buffer.concat([number(1252), number(0)])),
    attribute(1, 0x0002800c, Buffer.from(`${text}\0`, "latin1")),
    ...attached,
  ]);
}
