import { createHash, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelBindingOf } from "../../../src/lab/sign-in/ntlm.ts";
import { certificateHash } from "../../../src/wire/sign-in/certificate-hash.ts";
import { channelBindingHash } from "../../../src/wire/sign-in/ntlm.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { hasOpenssl, makeCertificate } from "../../openssl.ts";

const rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const ec = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const pss = (digest: string) => [`-${digest}`, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];

describe.skipIf(!hasOpenssl)(`certificates made by openssl${hasOpenssl ? "" : " (skipped: openssl is not installed)"}`, () => {
  test.each([
    ["RSA with MD5", rsa, ["-md5"], "sha256"],
    ["RSA with SHA-1", rsa, ["-sha1"], "sha256"],
    ["RSA with SHA-224", rsa, ["-sha224"], "sha224"],
    ["RSA with SHA-256", rsa, ["-sha256"], "sha256"],
    ["RSA with SHA-384", rsa, ["-sha384"], "sha384"],
    ["RSA with SHA-512", rsa, ["-sha512"], "sha512"],
    ["RSA-PSS with SHA-1", rsa, pss("sha1"), "sha256"],
    ["RSA-PSS with SHA-256", rsa, pss("sha256"), "sha256"],
    ["RSA-PSS with SHA-384", rsa, pss("sha384"), "sha384"],
    ["RSA-PSS with SHA-512", rsa, pss("sha512"), "sha512"],
    ["ECDSA with SHA-1", ec, ["-sha1"], "sha256"],
    ["ECDSA with SHA-256", ec, ["-sha256"], "sha256"],
    ["ECDSA with SHA-384", ec, ["-sha384"], "sha384"],
    ["ECDSA with SHA-512", ec, ["-sha512"], "sha512"],
  ])("one signed by %s is hashed as RFC 5929 says", (_, algorithm, digest, hash) => {
    const der = new X509Certificate(makeCertificate(algorithm, digest).cert).raw;
    expect(certificateHash(der)).toEqual(createHash(hash).update(der).digest());
  });

  test("one signed by Ed25519, for which the RFC has no hash, has none", () => {
    const der = new X509Certificate(makeCertificate(["-algorithm", "ED25519"], []).cert).raw;
    expect(certificateHash(der)).toBeUndefined();
  });
});

test("the lab, which reads certificates in its own way, comes to the same binding", () => {
  const der = new X509Certificate(testCertificate.cert).raw;
  const ours = certificateHash(der);
  expect(ours && channelBindingHash(ours)).toEqual(channelBindingOf(der));
});

test("bytes that are not a certificate have no hash and cause no error", () => {
  const der = new X509Certificate(testCertificate.cert).raw;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(der.length), (noise, cut) => {
      expect(certificateHash(noise)).toBeUndefined();
      if (cut < der.length) expect(certificateHash(der.subarray(0, cut))).toBeUndefined();
    }),
  );
});
