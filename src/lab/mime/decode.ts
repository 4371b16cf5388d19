import { decodeCharset } from "./charset.ts";
import type { Entity } from "./entity.ts";
import { decodeBase64, decodeQuotedPrintable, decodeUuencode } from "./transfer-encoding.ts";

/** Returns the content of a leaf without its transfer encoding. */
export function decodedBody(entity: Entity): Uint8Array {
  const encoding = entity.transferEncoding;
  if (encoding.includes("base64")) return decodeBase64(entity.body);
  if (encoding.includes("quoted-printable")) return decodeQuotedPrintable(entity.body);
  if (/\buue?(ncode)?\b/.test(encoding)) return decodeUuencode(entity.body);
  return entity.body;
}

export function decodedText(entity: Entity): string {
  return decodeCharset(decodedBody(entity), entity.type.parameters.get("charset") ?? "");
}
