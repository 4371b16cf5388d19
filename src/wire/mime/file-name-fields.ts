import type { RawField } from "./mime-header.ts";

/** The names of a file that is not a MIME part. */
export interface FileNames {
  readonly type?: string | undefined;
  readonly name?: { readonly bytes: Uint8Array; readonly charset: string } | undefined;
  readonly contentId?: string | undefined;
}

/**
 * In bytes. No file system accepts a longer name, and no mailer writes a longer Content-ID. A name of megabytes would be written three times as
 * long.
 */
const longestName = 4096;

/** Returns the header fields that a MIME part would have. */
export function fieldsOfFile({ type, name, contentId }: FileNames): readonly RawField[] {
  const fields: RawField[] = [];
  const say = (written: string, value: string) => fields.push({ name: written.toLowerCase(), written, value });
  if (type !== undefined) say("Content-Type", type);
  const hex = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;
  const file = name === undefined ? "" : `; filename*=${name.charset}''${[...name.bytes.subarray(0, longestName)].map(hex).join("")}`;
  say("Content-Disposition", `attachment${file}`);
  if (contentId !== undefined) say("Content-ID", `<${contentId.slice(0, longestName)}>`);
  return fields;
}

/** Returns the media type in a text, or undefined. */
export function typeIn(text: string | undefined): string | undefined {
  return /^\s*([\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100})/.exec(text ?? "")?.[1]?.toLowerCase();
}
