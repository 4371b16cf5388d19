// src/wire/sign-in/: Signs requests in: NTLM, Kerberos, tokens of Microsoft Entra ID, certificates.

import { hostname } from "node:os";
import { Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import { isLoopback } from "../http/proxy-rules.ts";
import type { HttpMethod, HttpRequest } from "../http/request-and-response.ts";
import { withTokens } from "./bearer-token.ts";
import { type Challenge, challengesOf } from "./challenge.ts";
import { type ConnectionScheme, signInConnections } from "./connection-sign-in.ts";
import { isStrongEnough, isWeaker, type Strength } from "./scheme-strength.ts";
import { guardOf, probeOf } from "./sign-in-guard.ts";
import type { TokenSource } from "./token-source.ts";

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** How to sign in to a server. */
export type SignIn =
  | ({ readonly kind: "basic" } & Account)
  | ({ readonly kind: "ntlm" } & Account)
  /** With the Kerberos ticket of the user who runs this process. */
  | { readonly kind: "kerberos" }
  /**
   * With the strongest scheme that the server offers and that has credentials here. `tokens` are bearer tokens. No scheme weaker than `atLeast` is
   * used.
   */
  | {
      readonly kind: "auto";
      readonly account?: Account | undefined;
      readonly tokens?: TokenSource | undefined;
      readonly atLeast?: Strength | undefined;
    };

/**
 * Returns a client that signs in with every request. Basic is sent with the first request; NTLM and Negotiate sign in connections, at most
 * `maxConnections`. Failures besides those of `http`: `unauthenticated` (refused, and not tried again; or no scheme in common).
 */
export function withSignIn(http: Http, signIn: SignIn, maxConnections: number): Http {
  switch (signIn.kind) {
    case "basic":
      return withBasic(http, signIn);
    case "ntlm":
      return clientPerServer(http, ({ url }) => withNtlm(http, url, signIn, maxConnections));
    case "kerberos":
      return clientPerServer(http, async ({ url }) => {
        const { kerberosScheme, loadKerberos, withoutKerberos } = await import("./kerberos.ts");
        const kerberos = await loadKerberos();
        if (kerberos === undefined) throw withoutKerberos(url.host);
        return withConnections(http, url, kerberosScheme(kerberos), undefined, maxConnections);
      });
    case "auto":
      return clientPerServer(http, (request) => chooseScheme(http, request, signIn, maxConnections));
  }
}

/**
 * Creates one client per server at the first request that needs it; if that fails, the next request tries again. If `make` returns undefined, the
 * request is sent without sign-in.
 */
function clientPerServer(http: Http, make: (request: HttpRequest) => Promise<Http | undefined>): Http {
  const clients = new Map<string, Promise<Http | undefined>>();
  return {
    close: () => http.close(),
    async send(request) {
      const { origin } = request.url;
      const made = clients.get(origin) ?? make(request);
      clients.set(origin, made);
      const forget = () => {
        if (clients.get(origin) === made) clients.delete(origin);
      };
      const client = await made.catch((thrown) => {
        forget();
        throw thrown;
      });
      if (client === undefined) forget();
      return (client ?? http).send(request);
    },
  };
}

/** RFC 7617, in UTF-8. */
function withBasic(http: Http, { username, password }: Account): Http {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
  return {
    close: () => http.close(),
    send: (request) => {
      const sent = (one: HttpRequest) => () => http.send({ ...one, headers: { ...one.headers, authorization } });
      return guardOf(request.url.origin, "Basic", username, password).tried(sent(request), sent(probeOf(request)), request.signal);
    },
  };
}

async function withNtlm(http: Http, url: URL, account: Account, maxConnections: number): Promise<Http> {
  return withConnections(http, url, await ntlmScheme(account), account, maxConnections);
}

function withConnections(http: Http, url: URL, scheme: ConnectionScheme, account: Account | undefined, maxConnections: number): Http {
  const guard = guardOf(url.origin, scheme.name, account?.username ?? "", account?.password ?? "");
  return signInConnections(http, scheme, guard, maxConnections);
}

/** NTLMv2, bound to the server's name and to the TLS channel. */
async function ntlmScheme(account: Account): Promise<ConnectionScheme> {
  const [ntlm, { certificateHash }] = await Promise.all([import("./ntlm.ts"), import("./certificate-hash.ts")]);
  // The server logs the workstation, and an account can be restricted to some workstations. NetBIOS names have at most 15 characters.
  const workstation = hostname().split(".")[0]?.slice(0, 15).toUpperCase();
  return {
    name: "NTLM",
    asksFirst: true,
    begin(url) {
      const negotiate = ntlm.negotiateMessage();
      let isAnswered = false;
      return {
        first: async () => negotiate.toString("base64"),
        async next(token, { certificate }) {
          if (isAnswered) return undefined;
          isAnswered = true;
          const hash = certificate === undefined ? undefined : certificateHash(certificate);
          const target = { host: url.hostname, workstation, channelBinding: hash && ntlm.channelBindingHash(hash) };
          const challenge = ntlm.readChallenge(Buffer.from(token, "base64"));
          return ntlm.authenticateMessage(negotiate, challenge, account, target).toString("base64");
        },
      };
    },
  };
}

/**
 * Asks the server for its schemes without naming an account, and chooses the strongest: Negotiate, NTLM, a bearer token, Basic. Chooses nothing
 * below `atLeast`: an attacker in between could remove stronger schemes from the offer. Returns undefined if the server asks for no sign-in.
 */
async function chooseScheme(
  http: Http,
  request: HttpRequest,
  { account, tokens, atLeast = "basic" }: Extract<SignIn, { kind: "auto" }>,
  maxConnections: number,
): Promise<Http | undefined> {
  const { url } = request;
  const requested = await probeOffer(http, request);
  if (requested === undefined) return undefined;
  const { challenges, method } = requested;
  const offers = (scheme: string): boolean => challenges.some((challenge) => challenge.scheme === scheme);
  const negotiate = offers("negotiate") && isStrongEnough("kerberos", atLeast) ? await tryNegotiate(http, url, maxConnections) : undefined;
  if (negotiate !== undefined && !(negotiate instanceof Failure)) return negotiate;
  if (offers("ntlm") && account !== undefined && isStrongEnough("ntlm", atLeast)) return withNtlm(http, url, account, maxConnections);
  if (tokens !== undefined && (offers("bearer") || (await probeBearer(http, request, method)))) return withTokens(http, tokens);
  const isPrivate = url.protocol === "https:" || isLoopback(url.hostname);
  if (offers("basic") && account !== undefined && isPrivate && isStrongEnough("basic", atLeast)) return withBasic(http, account);
  if (negotiate !== undefined) throw negotiate;
  const isBelow = challenges.some(({ scheme }) => isWeaker(scheme, atLeast));
  throw isBelow ? tooWeak(url.host, challenges, atLeast) : nothingInCommon(url.host, challenges, isPrivate);
}

/** Signs in with Negotiate if there is a ticket; otherwise the next scheme is used. */
async function tryNegotiate(http: Http, url: URL, maxConnections: number): Promise<Http | Failure> {
  const { kerberosScheme, loadKerberos, withoutKerberos } = await import("./kerberos.ts");
  const kerberos = await loadKerberos();
  if (kerberos === undefined) return withoutKerberos(url.host);
  const scheme = kerberosScheme(kerberos);
  try {
    await scheme.begin(url).first();
    return withConnections(http, url, scheme, undefined, maxConnections);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}

/**
 * Returns the challenges for a request without credentials, and the method that got them; undefined if the server asks for no sign-in. Some servers
 * refuse GET at their EWS address (405) and challenge only POST; they get an empty POST, which cannot change anything.
 */
async function probeOffer(
  http: Http,
  request: HttpRequest,
): Promise<{ readonly challenges: Challenge[]; readonly method: HttpMethod } | undefined> {
  for (const method of new Set<HttpMethod>(["GET", request.method === "POST" ? "POST" : "GET"])) {
    const challenges = await probeChallenges(http, request, method);
    if (challenges !== undefined) return { challenges, method };
  }
  return undefined;
}

/** Name of the request that only asks for the offer. */
export const offerProbeName = "what the server offers";

/** Returns the challenges in the reply to an empty request; undefined if its status is not 401. `more` contains no secret. */
async function probeChallenges(
  http: Http,
  { url, headers, signal }: HttpRequest,
  method: HttpMethod,
  more: Readonly<Record<string, string>> = {},
): Promise<Challenge[] | undefined> {
  const sent = { ...withoutContentHeaders(headers), ...more };
  const requested = await http.send({ url, method, headers: sent, signal, name: offerProbeName });
  requested.discard();
  return requested.status === 401 ? challengesOf(requested.headers.get("www-authenticate")) : undefined;
}

/**
 * Returns whether the server accepts tokens. Exchange Server offers Bearer only on request, by a header that names the scheme and contains no
 * token.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-xoauth/
 */
async function probeBearer(http: Http, request: HttpRequest, method: HttpMethod): Promise<boolean> {
  const challenges = await probeChallenges(http, request, method, { authorization: "Bearer" });
  return challenges?.some(({ scheme }) => scheme === "bearer") === true;
}

function withoutContentHeaders(headers: HttpRequest["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith("content-")));
}

function describeOffer(challenges: readonly Challenge[]): string {
  const offered = [...new Set(challenges.map(({ scheme }) => scheme))];
  return offered.length === 0 ? "no sign-in scheme" : `only ${offered.join(", ")}`;
}

function tooWeak(host: string, challenges: readonly Challenge[], atLeast: Strength): Failure {
  const offered = describeOffer(challenges);
  return new Failure("unauthenticated", `${host} offers ${offered}; auth.auto.at_least is ${atLeast}. No password was sent.`, {
    wireCode: "HTTP 401",
    hint: "Check the proxies between this machine and the server, and have an administrator enable a stronger scheme. Lower at_least only if the server is meant to offer no more.",
  });
}

function nothingInCommon(host: string, challenges: readonly Challenge[], isPrivate: boolean): Failure {
  const what = describeOffer(challenges);
  const plain = !isPrivate && challenges.some(({ scheme }) => scheme === "basic") ? " Basic is not sent without TLS." : "";
  return new Failure("unauthenticated", `${host} offers ${what}, for which this connection has no credentials.${plain}`, {
    wireCode: "HTTP 401",
    hint: "Set a user name and a password in auth.auto (NTLM, Basic), or oauth or a token (Bearer); or enable another scheme on the server.",
  });
}
