import { createHash, createPublicKey, timingSafeEqual, X509Certificate } from "node:crypto";
import type { Registration } from "./app-registration.ts";
import { isSignedBy, type Jwt, readJwt } from "./jwt.ts";
import { TokenError } from "./token-error.ts";

/** The client's credentials in a token request. */
export interface ClientProof {
  readonly secret: string | undefined;
  readonly assertionType: string | undefined;
  readonly assertion: string | undefined;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Checks that the request comes from the application. Throws TokenError. `audiences`: the accepted names of the endpoint. */
export function authenticateClient(app: Registration, proof: ClientProof, audiences: readonly string[], now: number): void {
  if (proof.secret !== undefined) checkSecret(app, proof.secret, now);
  else if (proof.assertion === undefined)
    throw new TokenError(7000218, "invalid_client", "The request body must contain client_assertion or client_secret.");
  else {
    const jwt = proof.assertionType === assertionType ? readJwt(proof.assertion) : undefined;
    if (jwt === undefined) throw new TokenError(50027, "invalid_request", "The client assertion is no JWT.");
    if (jwt.header.has("x5t#S256") || jwt.header.has("x5t")) checkCertificate(app, jwt, audiences, now);
    else checkFederated(app, jwt, now);
  }
}

function checkSecret(app: Registration, secret: string, now: number): void {
  const found = app.secrets?.find(({ value }) => timingSafeEqual(digest(value), digest(secret)));
  if (found === undefined) throw new TokenError(7000215, "invalid_client", `Invalid client secret provided for app '${app.clientId}'.`);
  if (found.expires !== undefined && found.expires.getTime() <= now)
    throw new TokenError(7000222, "invalid_client", `The provided client secret keys for app '${app.clientId}' are expired.`);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** @see https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials */
function checkCertificate(app: Registration, jwt: Jwt, audiences: readonly string[], now: number): void {
  const certificate = (app.certificates ?? []).map((pem) => new X509Certificate(pem)).find((one) => isNamedBy(one, jwt));
  if (certificate === undefined)
    throw new TokenError(700027, "invalid_client", "Client assertion failed signature validation: the key was not found.");
  if (!isSignedBy(jwt, certificate.publicKey))
    throw new TokenError(700027, "invalid_client", "Client assertion failed signature validation.");
  if (Date.parse(certificate.validTo) < now) throw new TokenError(700030, "invalid_client", "The certificate has expired.");
  const { iss, sub, aud } = Object.fromEntries(jwt.claims);
  if (iss !== app.clientId || sub !== app.clientId)
    throw new TokenError(700021, "invalid_client", "Issuer and subject of the client assertion must be the client id.");
  if (typeof aud !== "string" || !audiences.includes(aud))
    throw new TokenError(700023, "invalid_client", "The audience of the client assertion is not this endpoint.");
  checkTimes(jwt, now);
}

function isNamedBy(certificate: X509Certificate, jwt: Jwt): boolean {
  const print = (hash: "sha1" | "sha256") => createHash(hash).update(certificate.raw).digest("base64url");
  const named = jwt.header.get("x5t#S256");
  return named === undefined ? jwt.header.get("x5t") === print("sha1") : named === print("sha256");
}

/** Entra allows clocks to differ by five minutes. Milliseconds. */
const skew = 300_000;

function checkTimes(jwt: Jwt, now: number): void {
  const { exp, nbf } = Object.fromEntries(jwt.claims);
  const timely = typeof exp === "number" && exp * 1000 > now - skew && (typeof nbf !== "number" || nbf * 1000 < now + skew);
  if (!timely) throw new TokenError(700024, "invalid_client", "Client assertion is not within its valid time range.");
}

/** @see https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation */
function checkFederated(app: Registration, jwt: Jwt, now: number): void {
  const { iss, sub, aud } = Object.fromEntries(jwt.claims);
  const byIssuer = (app.federated ?? []).filter(({ issuer }) => issuer === iss);
  if (byIssuer.length === 0) throw new TokenError(700211, "invalid_client", "No matching federated identity record for the issuer.");
  const bySubject = byIssuer.filter(({ subject }) => subject === sub);
  if (bySubject.length === 0) throw new TokenError(700213, "invalid_client", "No matching federated identity record for the subject.");
  const found = bySubject.find(({ audience }) => audience === aud || (Array.isArray(aud) && aud.includes(audience)));
  if (found === undefined) throw new TokenError(700212, "invalid_client", "No matching federated identity record for the audience.");
  if (!isSignedBy(jwt, createPublicKey(found.publicKey)))
    throw new TokenError(700027, "invalid_client", "The assertion's signature is invalid.");
  checkTimes(jwt, now);
}
