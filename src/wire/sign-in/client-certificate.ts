import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";

/** The contents of the files of a certificate and its key. */
export type CertificateFile =
  | { readonly kind: "pem"; readonly text: string; readonly passphrase?: string | undefined }
  | { readonly kind: "pfx"; readonly bytes: Uint8Array; readonly passphrase?: string | undefined };

/** The certificate by which an application proves its identity. */
export interface ClientCertificate {
  readonly certificate: X509Certificate;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** Hexadecimal. */
  readonly thumbprintSha256: string;
}

/**
 * Reads the certificate in a PEM file (key and certificate in any order, the key possibly encrypted) or a PFX file (RFC 7292). Entra accepts only
 * RSA keys.
 * @throws Failure `invalid-settings` naming the fault of the file; `unauthenticated` if the certificate is not valid now
 */
export async function readCertificate(file: CertificateFile, now = Date.now()): Promise<ClientCertificate> {
  const { key, certificates } = file.kind === "pem" ? readPem(file.text, file.passphrase) : await readPfx(file.bytes, file.passphrase);
  if (key.asymmetricKeyType !== "rsa") throw wrong("its key is not an RSA key, the only kind that Entra accepts");
  const certificate = certificates.find((one) => one.checkPrivateKey(key));
  if (certificate === undefined) throw wrong("its key does not belong to its certificate");
  if (Date.parse(certificate.validTo) < now || Date.parse(certificate.validFrom) > now) {
    throw new Failure(
      "unauthenticated",
      `The certificate is not valid now: it is valid from ${certificate.validFrom} to ${certificate.validTo}.`,
      {
        hint: "Create a new certificate, upload its public part to the application, and name its file in the settings.",
      },
    );
  }
  return {
    certificate,
    privateKey: String(key.export({ type: "pkcs8", format: "pem" })),
    thumbprintSha256: certificate.fingerprint256.replaceAll(":", ""),
  };
}

interface Pair {
  readonly key: KeyObject;
  readonly certificates: readonly X509Certificate[];
}

function wrong(why: string): Failure {
  return new Failure("invalid-settings", `The file of the certificate cannot be used: ${why}.`);
}

function readPem(text: string, passphrase: string | undefined): Pair {
  const keys = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----BEGIN ).)+?-----END [A-Z ]*PRIVATE KEY-----/gs) ?? [];
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [key] = keys;
  if (key === undefined) throw wrong("it contains no private key in PEM form");
  if (found.length === 0) throw wrong("it contains no certificate in PEM form");
  return { key: keyOf(key, passphrase), certificates: found.map(certificateOf) };
}

/** Node's errors may quote the file, so they are not passed on. */
function keyOf(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    throw wrong(/ENCRYPTED/.test(pem) ? "its passphrase is missing or wrong" : "its private key cannot be read");
  }
}

/** Node's errors may quote the file, so they are not passed on. */
function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw wrong("its certificate cannot be read");
  }
}

/** Reads a PFX file with a library: Node can use the file for TLS but does not return its key. */
async function readPfx(bytes: Uint8Array, passphrase = ""): Promise<Pair> {
  const { forge } = await import("../../libraries/forge.ts");
  try {
    const structure = forge.asn1.fromDer(Buffer.from(bytes).toString("binary"));
    const pfx = forge.pkcs12.pkcs12FromAsn1(structure, passphrase);
    const { pkcs8ShroudedKeyBag = "", keyBag = "", certBag = "" } = forge.pki.oids;
    const keys = [pkcs8ShroudedKeyBag, keyBag].flatMap((bagType) => pfx.getBags({ bagType })[bagType] ?? []);
    const key = keys.find((bag) => bag.key)?.key;
    const certificates = (pfx.getBags({ bagType: certBag })[certBag] ?? []).flatMap(({ cert }) => cert ?? []);
    if (key === undefined || key === null || certificates.length === 0) throw wrong("it contains no RSA key with its certificate");
    return {
      key: createPrivateKey(forge.pki.privateKeyToPem(key)),
      certificates: certificates.map((one) => new X509Certificate(forge.pki.certificateToPem(one))),
    };
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw wrong("it is not a PFX file, or its passphrase is missing or wrong");
  }
}
