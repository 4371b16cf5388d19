import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCertificate } from "../../../src/wire/sign-in/client-certificate.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { makeCertificate } from "./tenant.ts";

const directory = mkdtempSync(join(tmpdir(), "mailcordon-certificate-"));
afterAll(() => rmSync(directory, { recursive: true }));
const files = makeCertificate(directory);

test("a PEM file may hold key and certificate in any order", async () => {
  const one = await readCertificate({ kind: "pem", text: files.key + files.cert });
  const other = await readCertificate({ kind: "pem", text: `comment\n${files.cert}${files.key}` });
  expect(one.thumbprintSha256).toMatch(/^[0-9A-F]{64}$/);
  expect(other.thumbprintSha256).toBe(one.thumbprintSha256);
  expect(one.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});

test.each([
  ["as OpenSSL 3 writes it (AES)", []],
  ["as older Windows writes it (3DES)", ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "SHA1"]],
  ["with a certificate that is not encrypted", ["-certpbe", "NONE"]],
])("a PFX file %s holds the same", async (_how, flags) => {
  const { pfx, both } = makeCertificate(directory, ...flags);
  const pem = await readCertificate({ kind: "pem", text: both });
  const found = await readCertificate({ kind: "pfx", bytes: pfx, passphrase: "open" });
  expect(found.thumbprintSha256).toBe(pem.thumbprintSha256);
  expect(found.privateKey).toBe(pem.privateKey);
});

test("an encrypted key is opened with its passphrase", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const own = makeCertificate(directory);
  const { createPrivateKey } = await import("node:crypto");
  const encrypted = createPrivateKey(own.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "sesame" });
  const text = `${encrypted}${own.cert}`;
  await expect(readCertificate({ kind: "pem", text, passphrase: "sesame" })).resolves.toBeDefined();
  await expect(readCertificate({ kind: "pem", text })).rejects.toMatchObject({
    code: "invalid-settings",
    message: expect.stringMatching(/passphrase/),
  });
  const stranger = `${privateKey.export({ type: "pkcs8", format: "pem" })}${own.cert}`;
  await expect(readCertificate({ kind: "pem", text: stranger })).rejects.toMatchObject({
    message: expect.stringMatching(/does not belong/),
  });
});

test.each([
  ["nothing", "", /no private key/],
  ["a key alone", files.key, /no certificate/],
  ["a key that is none", `${files.cert}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`, /key cannot be read/],
  ["a certificate that is none", `${files.key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`, /certificate cannot be read/],
  ["a key that is not RSA", testCertificate.key + testCertificate.cert, /not an RSA key/],
])("a PEM file with %s is refused with the reason", async (_what, text, words) => {
  await expect(readCertificate({ kind: "pem", text })).rejects.toMatchObject({
    code: "invalid-settings",
    message: expect.stringMatching(words),
  });
});

test.each([
  ["a wrong passphrase", files.pfx, "wrong"],
  ["no passphrase", files.pfx, undefined],
  ["other bytes", Buffer.from("no PFX"), "open"],
])("a PFX file with %s is refused", async (_what, bytes, passphrase) => {
  const failure = await readCertificate({ kind: "pfx", bytes, ...(passphrase === undefined ? {} : { passphrase }) }).catch(
    (thrown) => thrown,
  );
  expect(failure).toMatchObject({ code: "invalid-settings", message: expect.stringContaining("passphrase is missing or wrong") });
});

test("a certificate that is not valid now is refused before any request", async () => {
  const year = 366 * 86_400_000;
  for (const now of [Date.now() + year, Date.now() - year]) {
    await expect(readCertificate({ kind: "pem", text: files.both }, now)).rejects.toMatchObject({ code: "unauthenticated" });
  }
});
