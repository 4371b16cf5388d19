import { readFileSync } from "node:fs";
import { Failure } from "./failure.ts";
import type { OnPremises } from "./settings-on-premises.ts";
import type { SignIn } from "./wire/authenticate.ts";
import type { Http } from "./wire/http.ts";
import type { TlsIdentity } from "./wire/http-transport.ts";

/** What signs a connection in: a client around the one that is given, or what TLS shows. */
export type SignsIn = { readonly signIn: (http: Http) => Http } | { readonly tls: { readonly identity: TlsIdentity } };

// Each connection that NTLM or Kerberos signs in costs the domain controllers a question, and once it is signed in it stays so.
const defaultConnections = 10;

/**
 * How an account signs in at an Exchange Server. `maxConnections`: how many of them NTLM and Kerberos sign in at most.
 * @throws Failure `invalid-settings` when a file cannot be read
 */
export async function signInOnPremises(auth: OnPremises, maxConnections = defaultConnections): Promise<SignsIn> {
  if (auth.kind === "client-certificate") return { tls: { identity: identityOf(auth) } };
  const { authenticated } = await import("./wire/authenticate.ts");
  const way = wayOf(auth);
  return { signIn: (http) => authenticated(http, way, maxConnections) };
}

function wayOf(auth: Exclude<OnPremises, { readonly kind: "client-certificate" }>): SignIn {
  switch (auth.kind) {
    case "kerberos":
      return auth;
    case "auto": {
      const { account, token } = auth;
      return {
        kind: "auto",
        account: account && { username: account.username, password: account.password.reveal() },
        token: token && (async () => token.reveal()),
      };
    }
    default:
      return { kind: auth.kind, username: auth.username, password: auth.password.reveal() };
  }
}

function identityOf({ form, files, passphrase }: Extract<OnPremises, { readonly kind: "client-certificate" }>): TlsIdentity {
  const bytes = Buffer.concat(files.map(read));
  const secret = passphrase?.reveal();
  // In PEM each side takes what is its own out of the same text.
  if (form === "pem") return { kind: "pem", certificate: bytes.toString("utf8"), key: bytes.toString("utf8"), passphrase: secret };
  return { kind: "pfx", bytes, passphrase: secret };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
    throw new Failure("invalid-settings", `auth.client_certificate: the file ${path} cannot be read (${code}).`, { cause: thrown });
  }
}
