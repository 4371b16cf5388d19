import { parameterBytes, parametersOf } from "./mime-parameters.ts";

/** A header field as received: each character is one byte (Latin-1), folds are undone. */
export interface RawField {
  /** In lower case. */
  readonly name: string;
  /** The name in its original spelling. */
  readonly written: string;
  readonly value: string;
}

/** Returns the fields of a header (RFC 5322, 2.2) in order. Skips lines that are not fields. */
export function fieldsOf(head: Uint8Array): readonly RawField[] {
  const lines = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1").split(/\r?\n/);
  const folded: string[][] = [];
  for (const line of lines) {
    const last = folded.at(-1);
    if (last !== undefined && /^[ \t]/.test(line)) last.push(line);
    else folded.push([line]);
  }
  return folded.flatMap((parts) => {
    const line = parts.join("");
    const colon = line.indexOf(":");
    const written = line.slice(0, colon).trim();
    return colon <= 0 ? [] : [{ name: written.toLowerCase(), written, value: line.slice(colon + 1).trim() }];
  });
}

/** Returns the first field of this name: if a part contradicts itself, every reader must believe the same field. */
export function fieldIn(fields: readonly RawField[], name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

/** Returns the value before the parameters, in lower case, without leading comments. */
export function tokenOf(value: string | undefined): string | undefined {
  return /^(?:\s*\([^)]*\))*\s*"?([^\s;"(]+)/.exec(value ?? "")?.[1]?.toLowerCase();
}

/** Returns the boundary of a multipart (RFC 2046, 5.1.1) from its Content-Type, without trailing spaces. */
export function boundaryOf(contentType: string): string | undefined {
  return parameterBytes(parametersOf(contentType), "boundary")?.trimEnd() || undefined;
}
