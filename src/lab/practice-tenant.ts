import { labPermissions } from "./graph/practice-token.ts";
import type { Tenant } from "./registration.ts";

/** The application that is registered in the tenant of the practice organisation. Its secret is no secret. */
export const practiceApplication = {
  tenant: "6c0b5c1e-52b5-4c1a-9d6f-6d61696c6c61",
  clientId: "0d9a4a3c-7e21-4f0e-8b55-6d61696c6170",
  secret: "lab-client-secret",
} as const;

/** A tenant with one application that may do everything. `certificate`: PEM, a key beside it is not looked at. Throws when there is none in it. */
export function practiceTenant(certificate?: string): Tenant {
  const certificates = certificate?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)?.slice(0, 1) ?? [];
  if (certificate !== undefined && certificates.length === 0) throw new Error("there is no certificate in PEM form in the file.");
  const application = {
    clientId: practiceApplication.clientId,
    name: "mailcordon",
    secrets: [{ value: practiceApplication.secret }],
    certificates,
    roles: { exchange: ["full_access_as_app"], graph: labPermissions },
  };
  return { id: practiceApplication.tenant, domains: ["example.com"], registrations: [application] };
}
