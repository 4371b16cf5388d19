import { constants, createPublicKey, generateKeyPair, type KeyObject, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import { parseObject } from "../graph/json.ts";

/** A parsed JSON Web Token (RFC 7515, RFC 7519), not verified yet. */
export interface Jwt {
  readonly header: ReadonlyMap<string, unknown>;
  readonly claims: ReadonlyMap<string, unknown>;
  /** The signed text. */
  readonly signed: string;
  readonly signature: Buffer;
}

export function readJwt(text: string): Jwt | undefined {
  const [header = "", claims = "", signature = "", ...rest] = text.split(".");
  if (rest.length > 0 || signature === "") return undefined;
  const read = { header: objectOf(header), claims: objectOf(claims) };
  if (read.header === undefined || read.claims === undefined) return undefined;
  return { header: read.header, claims: read.claims, signed: `${header}.${claims}`, signature: Buffer.from(signature, "base64url") };
}

function objectOf(part: string): ReadonlyMap<string, unknown> | undefined {
  const value = parseObject(Buffer.from(part, "base64url").toString("utf8"));
  return value && new Map(Object.entries(value));
}

/** Returns whether the key made the signature, with one of the two algorithms that Entra accepts (RFC 7518, 3.3 and 3.5). */
export function isSignedBy(jwt: Jwt, key: KeyObject): boolean {
  const algorithm = jwt.header.get("alg");
  const data = Buffer.from(jwt.signed);
  if (algorithm === "RS256") return verify("sha256", data, key, jwt.signature);
  if (algorithm !== "PS256") return false;
  // RFC 7518, 3.5: the salt is as long as the hash.
  return verify("sha256", data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, jwt.signature);
}

/** A key that signs tokens; its public part is published. */
export interface Signer {
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** Returns the public part as a JSON Web Key Set (RFC 7517). */
  keys(): Promise<unknown>;
  /** Returns the public part in PEM. */
  publicKey(): Promise<string>;
  verify(jwt: Jwt): Promise<boolean>;
}

const keyId = "lab-signing-key";

/** Creates the key when it is first needed: this takes longer than the rest of the lab's start. */
export function openSigner(): Signer {
  let made: Promise<{ publicKey: KeyObject; privateKey: KeyObject }> | undefined;
  const pair = () => {
    made ??= promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    return made;
  };
  return {
    async sign(claims) {
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const signed = `${part({ typ: "JWT", alg: "RS256", kid: keyId })}.${part(claims)}`;
      return `${signed}.${sign("sha256", Buffer.from(signed), (await pair()).privateKey).toString("base64url")}`;
    },
    async keys() {
      const jwk = createPublicKey((await pair()).privateKey).export({ format: "jwk" });
      return { keys: [{ ...jwk, use: "sig", kid: keyId, alg: "RS256" }] };
    },
    async publicKey() {
      return String((await pair()).publicKey.export({ type: "spki", format: "pem" }));
    },
    async verify(jwt) {
      return jwt.header.get("alg") === "RS256" && isSignedBy(jwt, (await pair()).publicKey);
    },
  };
}
