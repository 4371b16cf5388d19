import type { OAuth } from "../settings/oauth-settings.ts";
import type { OnPremises } from "../settings/on-premises-settings.ts";
import { readFileSetting } from "../settings/read-named-file.ts";
import type { Http } from "../wire/http/client-interface.ts";
import type { TlsIdentity } from "../wire/http/http-transport.ts";
import type { SignIn } from "../wire/sign-in/authenticate.ts";
import type { TokenFacts } from "../wire/sign-in/token-claims.ts";
import type { TokenSource } from "../wire/sign-in/token-source.ts";

/** How a connection signs in: a client around the given one, with the claims of its token if it uses one; or a TLS certificate. */
export type ConnectionSignIn =
  | { readonly signIn: (http: Http) => Http; readonly token?: () => TokenFacts | undefined }
  | { readonly tls: { readonly identity: TlsIdentity } };

// Each connection that NTLM or Kerberos signs in costs the domain controllers a question, and once it is signed in it stays so.
const defaultConnections = 10;

/**
 * How an account signs in at an Exchange Server. `tokensOf`: the tokens of an application. `maxConnections`: how many of them NTLM and
 * Kerberos sign in at most.
 * @throws Failure `invalid-settings` when a file cannot be read
 */
export async function signInOnPremises(
  auth: OnPremises,
  tokensOf: (oauth: OAuth) => Promise<TokenSource>,
  maxConnections = defaultConnections,
): Promise<ConnectionSignIn> {
  if (auth.kind === "client-certificate") return { tls: { identity: identityOf(auth) } };
  const { withSignIn } = await import("../wire/sign-in/authenticate.ts");
  const connectionSignIn = await signInSchemeOf(auth, tokensOf);
  const signIn = (http: Http) => withSignIn(http, connectionSignIn, maxConnections);
  const tokens = connectionSignIn.kind === "auto" ? connectionSignIn.tokens : undefined;
  return tokens === undefined ? { signIn } : { signIn, token: () => tokens.facts() };
}

async function signInSchemeOf(
  auth: Exclude<OnPremises, { readonly kind: "client-certificate" }>,
  tokensOf: (oauth: OAuth) => Promise<TokenSource>,
): Promise<SignIn> {
  switch (auth.kind) {
    case "kerberos":
      return auth;
    case "auto": {
      const { account, token, oauth, atLeast } = auth;
      const { readyToken } = await import("../wire/sign-in/bearer-token.ts");
      return {
        kind: "auto",
        atLeast,
        account: account && { username: account.username, password: account.password.reveal() },
        tokens: oauth === undefined ? token && readyToken(token.reveal()) : await tokensOf(oauth),
      };
    }
    default:
      return { kind: auth.kind, username: auth.username, password: auth.password.reveal() };
  }
}

function identityOf({ form, files, passphrase }: Extract<OnPremises, { readonly kind: "client-certificate" }>): TlsIdentity {
  const bytes = Buffer.concat(files.map((path) => readFileSetting(path, "auth.client_certificate")));
  const secret = passphrase?.reveal();
  // For PEM, TLS reads the certificate and the private key from the same text.
  if (form === "pem") return { kind: "pem", certificate: bytes.toString("utf8"), key: bytes.toString("utf8"), passphrase: secret };
  return { kind: "pfx", bytes, passphrase: secret };
}
