import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";
import type { Registration, Tenant } from "../../../src/lab/sign-in/app-registration.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import { openHttp } from "../../../src/wire/http/http-client.ts";
import type { EntraClient, EntraCredential } from "../../../src/wire/sign-in/entra-client.ts";

/** A tenant with one application that may do everything, and a lab that has it. */
export const tenantId = "7f1c2d3e-0000-4000-8000-00000000aaaa";
export const clientId = "3a9b8c7d-1111-4222-8333-444455556666";
export const secret = "lab~secret.value_1";

export function tenantWith(registration: Partial<Registration> = {}, tenant: Partial<Tenant> = {}): Tenant {
  const app: Registration = {
    clientId,
    name: "Incident response",
    secrets: [{ value: secret }],
    roles: { exchange: ["full_access_as_app"] },
    ...registration,
  };
  return { id: tenantId, domains: ["example.com"], registrations: [app], ...tenant };
}

export async function labWith(tenant: Tenant, options: Omit<LabOptions, "tenant"> = {}): Promise<Lab> {
  const lab = await startLab({ ...options, tenant });
  onTestFinished(() => lab.close());
  return lab;
}

export function http(ca?: string): Http {
  const opened = openHttp({ ca, timeouts: { connectMs: 5000, replyMs: 5000, idleMs: 5000 }, maxConnections: 4 });
  onTestFinished(() => opened.close());
  return opened;
}

export const bySecret: EntraCredential = { kind: "client-secret", secret: () => secret };

export function clientOf(lab: Lab, credential: EntraCredential = bySecret, other: Partial<EntraClient> = {}): EntraClient {
  const scope = "https://outlook.office365.com/.default";
  return { cloud: "worldwide", authority: new URL(lab.url), tenant: tenantId, clientId, scope, credential, ...other };
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "mailcordon-token-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A key and a certificate in PEM and, with a passphrase, in PFX, made by OpenSSL. */
export function makeCertificate(directory: string, ...pfxFlags: readonly string[]) {
  const file = (name: string) => join(directory, name);
  const subject = ["-subj", "/CN=Incident response of example.com"];
  const openssl = (...words: readonly string[]) => execFileSync("openssl", words, { stdio: "ignore" });
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, "-keyout", file("key.pem"), "-out", file("cert.pem"));
  openssl(
    "pkcs12",
    "-export",
    "-inkey",
    file("key.pem"),
    "-in",
    file("cert.pem"),
    "-out",
    file("both.pfx"),
    "-passout",
    "pass:open",
    ...pfxFlags,
  );
  const [key, cert] = [readFileSync(file("key.pem"), "utf8"), readFileSync(file("cert.pem"), "utf8")];
  return { key, cert, both: `${key}${cert}`, pfx: readFileSync(file("both.pfx")) };
}
