import * as z from "zod";
import type { Address } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { mostCharacters, mostItems } from "./limits.ts";
import { narrowing, spellings } from "./read-input.ts";
import { splitCommas, splitOutside } from "./text-lists.ts";

/** An e-mail address as a person writes it: `a@example.com` or `Name <a@example.com>`. An object `{name, address}` is understood, too. */
const addressText = z.string().min(1).max(mostCharacters.address);

export function addressList(description: string) {
  return z
    .array(addressText)
    .max(mostItems)
    .register(spellings, { split: (text) => splitOutside(text, true), item: addressToText, object: (value) => [value] })
    .optional()
    .describe(description);
}

function addressToText(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("address" in value) || typeof value.address !== "string") return value;
  return "name" in value && typeof value.name === "string" && value.name !== "" ? `${value.name} <${value.address}>` : value.address;
}

/** An address as the port has it. Throws Failure `invalid-input` naming the field. */
export function addressOf(text: string, field: string): Address {
  const whole = text.trim();
  // Not by one expression for all of it: with two runs of blanks before the "<" it would take time by the cube of the length.
  const open = whole.endsWith(">") ? whole.lastIndexOf("<") : -1;
  const isNamed = open >= 0 && whole.indexOf(">", open) === whole.length - 1;
  const address = isNamed ? whole.slice(open + 1, -1).trim() : whole;
  const name = isNamed
    ? whole
        .slice(0, open)
        .trim()
        .replace(/^"(.*)"$/s, "$1")
        .replace(/\\(.)/gs, "$1")
    : undefined;
  // Control characters would end a header line: an address with one is an injection, never a mistake of typing.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Failure("invalid-input", `${field}: an address holds a control character.`);
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(address)) throw new Failure("invalid-input", `${field}: "${text}" is not an e-mail address.`);
  return name === undefined || name === "" ? { address } : { name, address };
}

export function addressesOf(texts: readonly string[] | undefined, field: string): Address[] {
  return (texts ?? []).map((text) => addressOf(text, field));
}

export const importance = z.enum(["Low", "Normal", "High"]).default("Normal").describe("Importance of the message.");

/** One header of a message to send; a list of `X-Name: value` texts or an object `{"X-Name": "value"}` is understood, too. */
export const headers = z
  .array(z.strictObject({ name: z.string().min(1).max(200), value: z.string().max(10_000) }))
  .max(mostItems)
  .register(spellings, {
    split: (text) => text.split("\n"),
    item: (value) => {
      const line = typeof value === "string" ? /^([^:]+):\s*(.*)$/s.exec(value) : null;
      return line === null ? value : { name: line[1]?.trim(), value: line[2] };
    },
    object: (value) => Object.entries(value).map(([name, text]) => ({ name, value: text })),
  })
  .optional()
  .describe("Further headers, each with a name that begins with X-: a list of {name, value}.");

/** One attachment to send: by path, which the face opens, or by its bytes. */
const NewAttachmentInput = z.strictObject({
  path: z.string().min(1).max(mostCharacters.path).optional().describe("A file to attach."),
  // An empty text is an empty file, and not unset.
  base64: z
    .base64()
    .max(mostCharacters.base64)
    .register(narrowing)
    .optional()
    .describe("The bytes themselves, when no path is given. Empty: an empty file."),
  name: z.string().min(1).max(mostCharacters.fileName).optional().describe("File name to show. Default: that of the path."),
  content_type: z.string().min(1).max(200).optional().describe("Media type. Default: application/octet-stream."),
  content_id: z.string().min(1).max(200).optional().describe("The id that the HTML body names as cid:, for inline images."),
  inline: z.boolean().optional().describe("Shown in the body, not in the list of attachments."),
});

export const attachments = z
  .array(NewAttachmentInput)
  .max(mostItems)
  .register(spellings, {
    split: splitCommas,
    item: (value) => (typeof value === "string" ? { path: value } : value),
    object: (value) => [value],
  })
  .optional()
  .describe("Files to attach: paths, or objects {path | base64, name, content_type, content_id, inline}.");
