import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { channelBindingOf, type NtlmPolicy, NtlmSignIn, type NtlmVerdict, ntlmChallenge, ntlmMessage } from "../../sign-in/ntlm.ts";
import type { User } from "../../store/organisation.ts";
import type { Store } from "../../store/store.ts";

/** The sign-in schemes of the lab's web server, like those of IIS in front of Exchange. */
export interface WindowsSignInOptions {
  /** Offered schemes. Default: only Basic. `Negotiate` is only offered, never accepted: the lab has no Kerberos. */
  readonly schemes?: readonly ("Negotiate" | "NTLM" | "Basic")[] | undefined;
  /** `-ExtendedProtectionTokenChecking` of the virtual directory; default Allow, as Exchange sets it for EWS. */
  readonly extendedProtection?: NtlmPolicy["extendedProtection"] | undefined;
  /** False: each request must sign in anew (`authPersistSingleRequest` of IIS). */
  readonly persistent?: boolean | undefined;
  /** Whether Bearer is offered only on request, by an empty `Authorization: Bearer`. Default: always offered. */
  readonly bearerWhenAsked?: boolean | undefined;
  /** Number of wrong passwords that locks an account. Default: never. */
  readonly lockoutThreshold?: number | undefined;
}

/** The result of a request's credentials: an account, a challenge to send, or a refusal. */
export type SignInResult =
  | { readonly user: User; readonly how: string }
  | { readonly challenge: string }
  | { readonly refused: string }
  | undefined;

/** For the lab's log; nothing secret. */
export function signInText(result: SignInResult): string | undefined {
  if (result === undefined) return undefined;
  if ("user" in result) return result.how;
  return "challenge" in result ? "NTLM: challenged" : result.refused;
}

const dnsDomain = "example.com";
const names = { domain: "EXAMPLE", computer: "LAB", dnsDomain };

/** The sign-in of IIS: Basic by request, NTLM and client certificates by connection. */
export class WindowsSignIn {
  readonly #store: Store;
  readonly #options: WindowsSignInOptions;
  readonly #channelBinding: Buffer | undefined;
  readonly #connections = new WeakMap<Socket, { pending?: NtlmSignIn | undefined; user?: User | undefined }>();
  readonly #wrong = new Map<User, number>();

  /** `certificate` (PEM) is the server's own. */
  constructor(store: Store, options: WindowsSignInOptions, certificate: string | undefined) {
    this.#store = store;
    this.#options = options;
    this.#channelBinding = certificate === undefined ? undefined : channelBindingOf(new X509Certificate(certificate).raw);
  }

  /** Returns the values of WWW-Authenticate for a request without credentials. */
  offers(realm: string): string[] {
    return (this.#options.schemes ?? ["Basic"]).map((scheme) => (scheme === "Basic" ? `Basic realm="${realm}"` : scheme));
  }

  /** Whether tokens are among the offers to a request with this Authorization. */
  offersBearer(authorization: string | undefined): boolean {
    return this.#options.bearerWhenAsked !== true || /^Bearer\b/i.test(authorization ?? "");
  }

  /** Headers of a reply to a signed-in request. */
  get headers(): Readonly<Record<string, string>> {
    return this.#options.persistent === false ? { "Persistent-Auth": "false" } : {};
  }

  signIn(request: IncomingMessage): SignInResult {
    const [, scheme = "", credentials = ""] = /^([A-Za-z]+) +(\S+)$/.exec(request.headers.authorization ?? "") ?? [];
    const offered = this.#options.schemes ?? ["Basic"];
    if (scheme.toLowerCase() === "basic" && offered.includes("Basic")) return this.#basic(credentials);
    if (scheme.toLowerCase() === "ntlm" && offered.includes("NTLM")) return this.#ntlm(Buffer.from(credentials, "base64"), request);
    if (request.headers.authorization !== undefined) return undefined;
    const user = this.#connections.get(request.socket)?.user;
    return user === undefined ? this.#byCertificate(request.socket) : { user, how: "connection" };
  }

  #basic(credentials: string): SignInResult {
    const text = Buffer.from(credentials, "base64").toString("utf8");
    const colon = text.indexOf(":");
    const user = this.#find(text.slice(0, Math.max(colon, 0)));
    if (user === undefined) return { refused: "Basic: unknown user" };
    if (this.#isLocked(user)) return { refused: "Basic: locked" };
    if (user.password === text.slice(colon + 1)) return { user, how: "Basic" };
    return this.#wrongPassword(user, "Basic");
  }

  #ntlm(message: Buffer, request: IncomingMessage): SignInResult {
    const state = this.#connections.get(request.socket) ?? {};
    this.#connections.set(request.socket, state);
    const { pending } = state;
    state.pending = undefined;
    state.user = undefined;
    switch (ntlmMessage(message)) {
      case "negotiate": {
        const challenge = ntlmChallenge(message, names);
        state.pending = new NtlmSignIn(message, challenge);
        return { challenge: `NTLM ${challenge.toString("base64")}` };
      }
      case "authenticate": {
        if (pending === undefined) return { refused: "NTLM: nobody asked for a challenge on this connection" };
        const host = request.headers.host?.replace(/:\d+$/, "");
        const policy = {
          extendedProtection: this.#options.extendedProtection ?? "Allow",
          channelBinding: this.#channelBinding,
          host,
        } as const;
        const result = this.#judged(pending.verify(message, (user, domain) => this.#find(user, domain), policy));
        if (result !== undefined && "user" in result && this.#options.persistent !== false) state.user = result.user;
        return result;
      }
      default:
        return { refused: "NTLM: malformed" };
    }
  }

  #judged(verdict: NtlmVerdict<User>): SignInResult {
    if (verdict.ok) {
      return this.#isLocked(verdict.account) ? { refused: "NTLM: locked" } : { user: verdict.account, how: "NTLM" };
    }
    const user = verdict.reason === "wrong password" ? this.#find(verdict.user ?? "") : undefined;
    return user === undefined ? { refused: `NTLM: ${verdict.reason}` } : this.#wrongPassword(user, "NTLM");
  }

  /** The certificate was checked by TLS; it names the account's address as its subject's common name. */
  #byCertificate(socket: Socket): SignInResult {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const name = socket.getPeerCertificate().subject?.CN;
    const user = typeof name === "string" ? this.#find(name) : undefined;
    return user === undefined ? undefined : { user, how: "certificate" };
  }

  #wrongPassword(user: User, scheme: string): SignInResult {
    this.#wrong.set(user, (this.#wrong.get(user) ?? 0) + 1);
    return { refused: `${scheme}: wrong password` };
  }

  #isLocked(user: User): boolean {
    return (this.#wrong.get(user) ?? 0) >= (this.#options.lockoutThreshold ?? Number.POSITIVE_INFINITY);
  }

  /** Returns the account with this name: address, alias, user principal name, its part before the @, or `DOMAIN\user`. */
  #find(name: string, domain = ""): User | undefined {
    const [given, short] = name.includes("\\") ? [name.slice(0, name.indexOf("\\")), name.slice(name.indexOf("\\") + 1)] : [domain, name];
    if (![names.domain, dnsDomain, ""].some((known) => known.toLowerCase() === given.toLowerCase())) return undefined;
    const login = short.toLowerCase();
    const { users } = this.#store.organisation;
    return (
      this.#store.mailbox(login)?.user ??
      users.find((one) => one.upn.toLowerCase() === login || one.upn.toLowerCase().split("@")[0] === login)
    );
  }
}
