import type { NewAttachment } from "../store/item.ts";
import { type Entity, headerValue } from "./entity.ts";

const signature = /^application\/(x-)?pkcs7-signature$/;
const opaque = /^application\/(x-)?pkcs7-mime$/;

function isClearSigned(root: Entity): boolean {
  return root.type.value === "multipart/signed" && root.parts.length > 0 && signature.test(root.parts[1]?.type.value ?? "");
}

/**
 * Returns the single attachment that Exchange makes from a clear-signed message: the whole multipart/signed entity with its Content-Type, so that the
 * signature can be checked later. Undefined for any other message. @see
 * https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxosmime/6d0deda8-4e31-4949-bdd6-8c2e54d04736
 */
export function signedAttachment(root: Entity): NewAttachment | undefined {
  if (!isClearSigned(root)) return undefined;
  const head = `Content-Type: ${headerValue(root.headers, "content-type") ?? root.type.value}\r\n\r\n`;
  return { kind: "file", name: "smime.p7m", contentType: "multipart/signed", content: Buffer.concat([Buffer.from(head), root.body]) };
}

/** MS-OXOSMIME 2.1.3.1 and 2.1.3.2: the classes of signed and encrypted messages. */
export function smimeClass(root: Entity): string | undefined {
  if (isClearSigned(root)) return "IPM.Note.SMIME.MultipartSigned";
  return opaque.test(root.type.value) ? "IPM.Note.SMIME" : undefined;
}

/** Returns the name of a signed or encrypted content without a name. */
export function smimeName(entity: Entity): string | undefined {
  return opaque.test(entity.type.value) ? "smime.p7m" : undefined;
}
