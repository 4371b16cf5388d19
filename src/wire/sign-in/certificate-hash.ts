import { createHash } from "node:crypto";

/** Hash functions by the object identifier of the signature that uses them (RFC 3279, RFC 4055, RFC 5758). */
const hashOfSignature: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSAEncryption: RFC 5929 takes SHA-256 instead
  "2a864886f70d010105": "sha256", // sha1WithRSAEncryption: likewise
  "2b0e03021d": "sha256", // sha1WithRSA of OIW: likewise
  "2a864886f70d01010e": "sha224",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce380403": "sha256", // dsa-with-sha1: likewise
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1: likewise
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/** RSASSA-PSS names its hash function in its parameters (RFC 4055 section 3.1). Default: SHA-1. */
const rsaPss = "2a864886f70d01010a";
const hashOfPss: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256",
  "608648016503040204": "sha224",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

/**
 * Returns the hash of a server's certificate (DER) for the channel binding `tls-server-end-point`: by the hash function of the certificate's own
 * signature, or SHA-256 if that is MD5 or SHA-1 (https://www.rfc-editor.org/rfc/rfc5929#section-4.1). Undefined if the RFC defines none, as for
 * Ed25519, or if the bytes are not a certificate.
 */
export function certificateHash(der: Uint8Array): Buffer | undefined {
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm OID, parameters ANY }, … } (RFC 5280 section 4.1)
  const [, signature] = childrenOf(childrenOf(der, 0, der.length)[0]);
  const [algorithm, parameters] = childrenOf(signature);
  const oid = hex(algorithm);
  const name = oid === rsaPss ? pssHash(parameters) : hashOfSignature[oid];
  return name === undefined ? undefined : createHash(name).update(der).digest();
}

/** RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] SEQUENCE { OID } DEFAULT sha1, … } */
function pssHash(parameters: Der | undefined): string | undefined {
  const first = childrenOf(parameters)[0];
  if (first === undefined || first.tag !== 0xa0) return "sha256";
  return hashOfPss[hex(childrenOf(childrenOf(first)[0])[0])];
}

interface Der {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function hex(value: Der | undefined): string {
  return value === undefined ? "" : Buffer.from(value.bytes.subarray(value.start, value.end)).toString("hex");
}

function childrenOf(der: Der | undefined): Der[];
function childrenOf(bytes: Uint8Array, start: number, end: number): Der[];
function childrenOf(of: Der | Uint8Array | undefined, from = 0, to = 0): Der[] {
  if (of === undefined) return [];
  const { bytes, start, end } = of instanceof Uint8Array ? { bytes: of, start: from, end: to } : of;
  const children: Der[] = [];
  for (let at = start; at + 2 <= end; ) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length >= 0x80) {
      // The long form: this many bytes contain the length. No certificate needs more than four.
      const count = length - 0x80;
      if (count === 0 || count > 4 || at + count > end) return [];
      length = 0;
      for (let index = 0; index < count; index++) length = length * 256 + (bytes[at + index] ?? 0);
      at += count;
    }
    if (at + length > end) return [];
    children.push({ tag, bytes, start: at, end: at + length });
    at += length;
  }
  return children;
}
