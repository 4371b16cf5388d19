import * as z from "zod";
import type { Address } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { mostCharacters, mostItems } from "./limits.ts";
import { narrowing, spellings } from "./read-input.ts";
import { splitCommas, splitOutside } from "./text-lists.ts";

/** An email address as a person writes it: `a@example.com` or `Name <a@example.com>`. An object `{name, address}` is accepted as well. */
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
  // Not with one regular expression: with two runs of spaces before the "<" it would take cubic time.
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
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Failure("invalid-input", `${field}: an address contains a control character.`);
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(address)) throw new Failure("invalid-input", `${field}: "${text}" is not an e-mail address.`);
  return name === undefined || name === "" ? { address } : { name, address };
}

export function addressesOf(texts: readonly string[] | undefined, field: string): Address[] {
  return (texts ?? []).map((text) => addressOf(text, field));
}

export const importance = z.enum(["Low", "Normal", "High"]).default("Normal").describe("Importance of the message.");

/** One header of a message to send. A list of `X-Name: value` texts or an object `{"X-Name": "value"}` is accepted as well. */
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
  .describe("Additional headers: a list of {name, value}. Each name begins with X-.");

/** One attachment to send: by path, which the face opens, or by its bytes. */
const NewAttachmentInput = z.strictObject({
  path: z.string().min(1).max(mostCharacters.path).optional().describe("Path of a file to attach."),
  // An empty text is an empty file, and not unset.
  base64: z
    .string()
    .max(mostCharacters.base64)
    // Checked where it is decoded, in slices: zod would check all of it in one go.
    .meta({
      ...{ format: "base64", contentEncoding: "base64" },
      pattern: "^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$",
    })
    .register(narrowing)
    .optional()
    .describe("Content in base64, if no path is given. Empty text: an empty file."),
  name: z.string().min(1).max(mostCharacters.fileName).optional().describe("File name of the attachment. Default: the file name in path."),
  content_type: z.string().min(1).max(200).optional().describe("Media type. Default: application/octet-stream."),
  content_id: z.string().min(1).max(200).optional().describe("Content-ID of an inline image, which the HTML body refers to as cid:."),
  inline: z
    .boolean()
    .optional()
    .describe("Whether it is shown in the body instead of the list of attachments. Default: true if content_id is given."),
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
  .describe("Files to attach: a list of paths, or of objects {path | base64, name, content_type, content_id, inline}.");
