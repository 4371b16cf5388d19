import * as z from "zod";
import { type Strength, strengths } from "../wire/sign-in/scheme-strength.ts";
import { CertificateSettings, type OAuth, OAuthSettings, readOAuth } from "./oauth-settings.ts";
import type { Secret } from "./secrets.ts";
import { expected, secret, text } from "./setting-fields.ts";

/** How an account signs in to an Exchange Server, checked, with its secrets. Paths are absolute. */
export type OnPremises =
  | ({ readonly kind: "basic" | "ntlm" } & Account)
  /** With the Kerberos ticket of the user who runs the program. */
  | { readonly kind: "kerberos" }
  /** The strongest method that the server offers and that has credentials. */
  | {
      readonly kind: "auto";
      readonly account: Account | undefined;
      /** Never both of these. */
      readonly token: Secret | undefined;
      readonly oauth: OAuth | undefined;
      /** The weakest method that may be used, whatever the server offers. */
      readonly atLeast: Strength | undefined;
    }
  | {
      readonly kind: "client-certificate";
      readonly form: "pem" | "pfx";
      readonly files: readonly string[];
      readonly passphrase: Secret | undefined;
    };

interface Account {
  readonly username: string;
  readonly password: Secret;
}

const username = text("the account's name, such as EXAMPLE\\soc or soc@example.com");
const AccountSettings = z.strictObject({ username, password: secret });

/** Exactly one of these must be set. */
export const onPremisesSettings = {
  basic: AccountSettings.optional(),
  ntlm: AccountSettings.optional(),
  kerberos: z.strictObject({}, expected("{}: it uses the Kerberos ticket of the user who runs mailcordon")).optional(),
  auto: z
    .strictObject({
      username: username.optional(),
      password: secret.optional(),
      token: secret.optional(),
      oauth: OAuthSettings.optional(),
      at_least: z.enum(strengths, expected(`the weakest way to sign in that may be used: ${strengths.join(", ")}`)).optional(),
    })
    .refine((auto) => (auto.username === undefined) === (auto.password === undefined), expected("both username and password, or neither"))
    .refine(
      (auto) => auto.token === undefined || auto.oauth === undefined,
      expected("token (an existing token) or oauth (which fetches one), not both"),
    )
    .refine(
      (auto) => auto.at_least !== "oauth" || auto.token !== undefined || auto.oauth !== undefined,
      expected("token or oauth, when at_least is oauth"),
    )
    .optional(),
  client_certificate: CertificateSettings.optional(),
};

/** The fields of each sign-in method that environment variables can set: an account, a token, an application (`oauth`). */
export const fieldsOfMethod: Readonly<Record<string, readonly string[]>> = {
  basic: ["username", "password"],
  ntlm: ["username", "password"],
  auto: ["username", "password", "token", "oauth"],
  bearer: ["token"],
  oauth: ["oauth"],
};

type OnPremisesInput = { readonly [Way in keyof typeof onPremisesSettings]?: z.output<(typeof onPremisesSettings)[Way]> };

/** Returns the sign-in; undefined if none of these methods is set. `secretOf` reads a secret, `pathOf` makes a path absolute. */
export function readOnPremises(
  { basic, ntlm, kerberos, auto, client_certificate }: OnPremisesInput,
  secretOf: (field: string, place: string) => Secret,
  pathOf: (path: string) => string,
): OnPremises | undefined {
  if (basic !== undefined) return { kind: "basic", username: basic.username, password: secretOf("basic.password", basic.password) };
  if (ntlm !== undefined) return { kind: "ntlm", username: ntlm.username, password: secretOf("ntlm.password", ntlm.password) };
  if (kerberos !== undefined) return { kind: "kerberos" };
  if (auto !== undefined) {
    const { username: name, password, token, oauth, at_least } = auto;
    return {
      kind: "auto",
      account: name === undefined || password === undefined ? undefined : { username: name, password: secretOf("auto.password", password) },
      token: token === undefined ? undefined : secretOf("auto.token", token),
      oauth: oauth && readOAuth(oauth, (field, place) => secretOf(`auto.${field}`, place), pathOf),
      atLeast: at_least,
    };
  }
  if (client_certificate === undefined) return undefined;
  const { pem, key, pfx, passphrase } = client_certificate;
  return {
    kind: "client-certificate",
    form: pfx === undefined ? "pem" : "pfx",
    files: [pem, key, pfx].flatMap((path) => (path === undefined ? [] : [pathOf(path)])),
    passphrase: passphrase === undefined ? undefined : secretOf("client_certificate.passphrase", passphrase),
  };
}
