import type { RawField } from "./mime-header.ts";

/** How a file is named that is no part of MIME. */
export interface FileNames {
  readonly type?: string | undefined;
  readonly name?: { readonly bytes: Uint8Array; readonly charset: string } | undefined;
  readonly contentId?: string | undefined;
}

/** The fields that a part of MIME would have. */
export function fieldsOfFile({ type, name, contentId }: FileNames): readonly RawField[] {
  const fields: RawField[] = [];
  const say = (written: string, value: string) => fields.push({ name: written.toLowerCase(), written, value });
  if (type !== undefined) say("Content-Type", type);
  const hex = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;
  const file = name === undefined ? "" : `; filename*=${name.charset}''${[...name.bytes].map(hex).join("")}`;
  say("Content-Disposition", `attachment${file}`);
  if (contentId !== undefined) say("Content-ID", `<${contentId}>`);
  return fields;
}

/** A type that somebody wrote, or none. */
export function typeIn(text: string | undefined): string | undefined {
  return /^\s*([\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100})/.exec(text ?? "")?.[1]?.toLowerCase();
}
