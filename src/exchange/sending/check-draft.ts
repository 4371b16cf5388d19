// src/exchange/sending/: The meaning of sending in both back ends: drafts, their checks, and sending exactly once.

import { Failure } from "../../failure.ts";
import type { NewAttachment } from "../attachment.ts";
import type { Address, Header } from "../message.ts";
import type { Draft, Reply } from "./draft.ts";

/**
 * Characters that could end a header line or hide in one (RFC 5322, 2.2): all control characters, and U+0085, U+2028 and U+2029, which some programs
 * accept as line ends.
 */
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** The same, for text in which a tab is harmless. */
const controlsButTab = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/;
/** RFC 5321, 4.5.3.1: 64 for the local part, `@`, 255 for the domain. */
const maxAddressLength = 320;
/** RFC 5322, 2.1.1: a line has at most 998 characters, including the name. */
const maxHeaderLength = 998;
const restrictedHeaderName = /^X-[!#$%&'*+.^_`|~0-9A-Za-z-]+$/i;
/** RFC 2045, 5.1, with optional parameters. */
const mediaType = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;.*)?$/;

/** Refuses a draft that cannot be sent or that smuggles header lines. Throws Failure `invalid-input` naming the field. */
export function checkDraft(draft: Draft): void {
  if (draft.mime) {
    checkRaw(draft);
    return;
  }
  if (draft.html !== undefined && draft.text !== undefined) refuse("html", "give either html or text");
  checkAddress("from", draft.from);
  for (const field of ["to", "cc", "bcc", "replyTo"] as const) checkAddresses(field, draft[field]);
  if (draft.to.length + (draft.cc?.length ?? 0) + (draft.bcc?.length ?? 0) === 0) refuse("to", "there is no recipient");
  checkLine("subject", draft.subject);
  checkHeaders(draft.headers);
  checkAttachments(draft.attachments);
}

/** Checks a reply, whose recipients and subject may be left to Exchange. */
export function checkReply(reply: Reply): void {
  if (reply.html !== undefined && reply.text !== undefined) refuse("html", "give either html or text");
  checkAddress("from", reply.from);
  for (const field of ["to", "cc", "bcc"] as const) checkAddresses(field, reply[field]);
  const named = [reply.to, reply.cc, reply.bcc].flatMap((addresses) => addresses ?? []);
  // An empty list does not mean "the recipients that Exchange chooses"; a reply to all still has the Cc recipients of the original.
  if (reply.to !== undefined && reply.all !== true && named.length === 0) refuse("to", "there is no recipient");
  checkLine("subject", reply.subject);
  checkHeaders(reply.headers);
  checkAttachments(reply.attachments);
}

/** Checks a raw message, which contains everything: other fields would be lost. */
function checkRaw({ mime, to, saveToSent: _, ...rest }: Draft): void {
  if (mime?.length === 0) refuse("mime", "it is empty");
  if (to.length > 0) refuse("to", "a raw message names its recipients itself");
  for (const [field, value] of Object.entries(rest)) {
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined;
    if (given) refuse(field, "a raw message excludes it");
  }
}

function checkAddresses(field: string, addresses: readonly Address[] | undefined): void {
  for (const address of addresses ?? []) checkAddress(field, address);
}

function checkAddress(field: string, value: Address | undefined): void {
  if (value === undefined) return;
  const { address = "", name = "" } = value;
  // An SMTP address without quoting (RFC 5321): real addresses are not quoted, and a quoted address can hide a second one.
  if (!/^[^\s@<>()[\]\\,;:"]+@[^\s@<>()\\,;:"]+$/.test(address) || controls.test(address) || address.length > maxAddressLength) {
    refuse(field, `${JSON.stringify(address.slice(0, 80))} is not an SMTP address`);
  }
  if (controls.test(name)) refuse(field, "a display name contains a line break or another control character");
}

function checkHeaders(headers: readonly Header[] | undefined): void {
  const seen = new Set<string>();
  for (const { name, value } of headers ?? []) {
    if (!restrictedHeaderName.test(name))
      refuse("headers", `${JSON.stringify(name.slice(0, 80))} is not a header name that begins with X-`);
    if (controlsButTab.test(value)) refuse("headers", `the value of ${name} contains a line break or another control character`);
    if (name.length + 2 + value.length > maxHeaderLength) refuse("headers", `${name} is longer than ${maxHeaderLength} characters`);
    // Exchange keeps one value per name.
    if (seen.has(name.toLowerCase())) refuse("headers", `${name} is given twice`);
    seen.add(name.toLowerCase());
  }
}

function checkAttachments(attachments: readonly NewAttachment[] | undefined): void {
  for (const { name, contentType, contentId, size } of attachments ?? []) {
    if (name === "") refuse("attachments", "an attachment has no name");
    checkLine("attachments", name);
    if (contentType !== undefined && (!mediaType.test(contentType) || controls.test(contentType))) {
      refuse("attachments", `the content type of ${JSON.stringify(name.slice(0, 80))} is not type/subtype`);
    }
    if (contentId !== undefined && (!/^<?[^\s<>]+>?$/.test(contentId) || controls.test(contentId))) {
      refuse(
        "attachments",
        `the content id of ${JSON.stringify(name.slice(0, 80))} contains white space, angle brackets or control characters`,
      );
    }
    if (!(Number.isSafeInteger(size) && size >= 0)) refuse("attachments", `the size of ${JSON.stringify(name.slice(0, 80))} is not known`);
  }
}

function checkLine(field: string, text: string | undefined): void {
  if (text !== undefined && controlsButTab.test(text)) refuse(field, "it contains a line break or another control character");
}

function refuse(field: string, problem: string): never {
  throw new Failure("invalid-input", `${field}: ${problem}.`);
}
