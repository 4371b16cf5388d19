import { parseJson } from "../../text/parse-json.ts";
import type { Http } from "../http/client-interface.ts";
import type { HttpRequest, HttpResponse } from "../http/request-and-response.ts";
import { challengesOf } from "./challenge.ts";
import { tokenFacts } from "./token-claims.ts";
import type { TokenSource } from "./token-source.ts";

/**
 * Returns a client that sends a bearer token (RFC 6750) with every request. After a 401 it retries once with another token: a server that refuses
 * the token has not acted.
 */
export function withTokens(http: Http, source: TokenSource): Http {
  const sendWith = (request: HttpRequest, token: string): Promise<HttpResponse> =>
    http.send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
  return {
    close: () => http.close(),
    async send(request) {
      const token = await source.token(request);
      const response = await sendWith(request, token);
      if (response.status === 403) source.distrust(token);
      if (response.status !== 401) return response;
      const other = await source.another({ token, claims: claimsOf(response) }, request);
      if (other === undefined) return response;
      response.discard();
      return sendWith(request, other);
    },
  };
}

/** Returns a source with one fixed token. */
export function readyToken(text: string): TokenSource {
  let isUsed = false;
  return {
    async token() {
      isUsed = true;
      return text;
    },
    another: async () => undefined,
    distrust: () => undefined,
    facts: () => (isUsed ? tokenFacts(text) : undefined),
  };
}

/**
 * Returns the claims that the server demands of another token, as JSON.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge
 */
function claimsOf({ headers }: HttpResponse): string | undefined {
  const challenge = challengesOf(headers.get("www-authenticate")).find(({ scheme }) => scheme === "bearer");
  const encoded = challenge?.parameters.get("claims");
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? text : undefined;
}
