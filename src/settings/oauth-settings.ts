import * as z from "zod";
import type { Secret } from "./secrets.ts";
import { expected, isPrivate, isWebAddress, secret, text } from "./setting-fields.ts";

/** How an application gets tokens from Microsoft Entra ID (or AD FS), checked, with its secrets. Paths are absolute. */
export interface OAuth {
  readonly kind: "oauth";
  readonly cloud: "worldwide" | "us-gcc-high" | "us-dod" | "china";
  /** Empty if none is needed. */
  readonly tenant: string;
  /** Empty for the managed identity of the machine itself. */
  readonly clientId: string;
  readonly authority: URL | undefined;
  readonly scope: string | undefined;
  readonly credential:
    | { readonly kind: "client-secret"; readonly secret: Secret }
    | {
        readonly kind: "certificate";
        readonly form: "pem" | "pfx";
        readonly files: readonly string[];
        readonly passphrase: Secret | undefined;
      }
    | { readonly kind: "federated-token"; readonly file: string }
    | { readonly kind: "managed-identity" }
    | { readonly kind: "device-code" };
}

/** The settings of which exactly one must be set. */
export const credentials = ["client_secret", "certificate", "federated_token_file", "managed_identity", "device_code"] as const;

/** A certificate with its key, in PEM or PFX. */
export const CertificateSettings = z
  .strictObject({
    pem: text("the path of the PEM file with the certificate and its private key").optional(),
    key: text("the path of the PEM file with the private key, if it is a separate file").optional(),
    pfx: text("the path of the PFX file").optional(),
    passphrase: secret.optional(),
  })
  .refine(
    ({ pem, pfx, key }) => (pem === undefined) !== (pfx === undefined) && (key === undefined || pem !== undefined),
    expected("either pem or pfx"),
  );

const authorityWords = "the https address of another authority, such as https://adfs.example.com/adfs";
const trueOrAbsent = z.literal(true, expected("true, or leave it out")).optional();

/** `auth.oauth`: exactly one credential. */
export const OAuthSettings = z
  .strictObject({
    tenant: text("the tenant's id or one of its domains, such as example.onmicrosoft.com").optional(),
    client_id: text("the application (client) id from the Overview page of its registration").optional(),
    cloud: z
      .enum(["worldwide", "us-gcc-high", "us-dod", "china"], expected("worldwide, us-gcc-high, us-dod or china"))
      .default("worldwide"),
    client_secret: secret.optional(),
    certificate: CertificateSettings.optional(),
    federated_token_file: text("the path of the file with the other issuer's token").optional(),
    managed_identity: trueOrAbsent,
    device_code: trueOrAbsent,
    authority: z
      .string(expected(authorityWords))
      .refine((value) => isWebAddress(value) && isPrivate(value), expected(authorityWords))
      .optional(),
    scope: text("a resource and /.default, such as https://outlook.office365.com/.default").optional(),
  })
  .refine(
    (oauth) => credentials.filter((name) => oauth[name] !== undefined).length === 1,
    expected("exactly one of client_secret, certificate, federated_token_file, managed_identity and device_code"),
  )
  .refine(({ managed_identity, client_id }) => managed_identity === true || client_id !== undefined, {
    path: ["client_id"],
    error: "is missing; put the application (client) id from the Overview page of its registration",
  })
  .refine(({ managed_identity, tenant, authority }) => managed_identity === true || tenant !== undefined || isAdfs(authority), {
    path: ["tenant"],
    error: "is missing; put the tenant's id or one of its domains, such as example.onmicrosoft.com",
  });

/** AD FS has one tenant. */
function isAdfs(authority: string | undefined): boolean {
  return authority !== undefined && URL.canParse(authority) && /^\/adfs\/?$/i.test(new URL(authority).pathname);
}

/** Returns the checked settings. `secretOf` reads a secret, `pathOf` makes a path absolute. */
export function readOAuth(
  oauth: z.output<typeof OAuthSettings>,
  secretOf: (field: string, place: string) => Secret,
  pathOf: (path: string) => string,
): OAuth {
  return {
    kind: "oauth",
    cloud: oauth.cloud,
    tenant: oauth.tenant ?? "",
    clientId: oauth.client_id ?? "",
    authority: oauth.authority === undefined ? undefined : new URL(oauth.authority),
    scope: oauth.scope,
    credential: credentialOf(oauth, secretOf, pathOf),
  };
}

function credentialOf(
  { client_secret, certificate, federated_token_file, managed_identity }: z.output<typeof OAuthSettings>,
  secretOf: (field: string, place: string) => Secret,
  pathOf: (path: string) => string,
): OAuth["credential"] {
  if (client_secret !== undefined) return { kind: "client-secret", secret: secretOf("oauth.client_secret", client_secret) };
  if (federated_token_file !== undefined) return { kind: "federated-token", file: pathOf(federated_token_file) };
  if (managed_identity === true) return { kind: "managed-identity" };
  if (certificate === undefined) return { kind: "device-code" };
  const { pem, key, pfx, passphrase } = certificate;
  return {
    kind: "certificate",
    form: pfx === undefined ? "pem" : "pfx",
    files: [pem, key, pfx].flatMap((path) => (path === undefined ? [] : [pathOf(path)])),
    passphrase: passphrase === undefined ? undefined : secretOf("oauth.certificate.passphrase", passphrase),
  };
}
