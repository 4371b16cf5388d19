import { createHash, randomUUID } from "node:crypto";
import type { User } from "../store/organisation.ts";
import { type Registration, type Resource, resources, type Tenant } from "./app-registration.ts";
import type { Signer } from "./jwt.ts";
import { TokenError } from "./token-error.ts";

/** A resource as named by a scope, and the lab's short name for it. */
export interface Audience {
  readonly url: string;
  readonly resource: Resource;
}

/** Returns the resource that `https://outlook.office365.com/.default` or `https://outlook.office365.com/EWS.AccessAsUser.All` names. Throws TokenError. */
export function audienceOf(scope: string, { servers = [] }: Tenant): Audience {
  const url = scope.slice(0, scope.lastIndexOf("/")).replace(/\/$/, "");
  if (servers.includes(url)) return { url, resource: "exchange" };
  const found = Object.entries(resources).find(([, urls]) => urls.some((one) => one === url));
  if (found === undefined)
    throw new TokenError(500011, "invalid_resource", `The resource principal named ${url} was not found in the tenant.`);
  return { url, resource: found[0] === "graph" ? "graph" : "exchange" };
}

/** The token in the answer, and its lifetime in seconds. */
export interface Issued {
  readonly token: string;
  readonly seconds: number;
}

/**
 * Issues a token like Entra's for Exchange (version 1.0), delegated if there is a user. @see
 * https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
 */
export async function issueToken(
  signer: Signer,
  tenant: Tenant,
  app: Registration,
  audience: Audience,
  now: number,
  user?: User,
): Promise<Issued> {
  const seconds = tenant.tokenSeconds ?? 3599;
  const from = Math.floor(now / 1000);
  const granted = user === undefined ? app.roles?.[audience.resource] : app.scopes?.[audience.resource];
  const subject = user === undefined ? principalOf(app) : objectIdOf(user);
  const token = await signer.sign({
    aud: audience.url,
    iss: `https://sts.windows.net/${tenant.id}/`,
    iat: from,
    nbf: from,
    exp: from + seconds,
    app_displayname: app.name,
    appid: app.clientId,
    oid: subject,
    sub: subject,
    tid: tenant.id,
    uti: randomUUID(),
    ver: "1.0",
    // Entra omits an empty list of roles.
    ...(user === undefined
      ? { idtyp: "app", ...(granted === undefined || granted.length === 0 ? {} : { roles: granted }) }
      : { idtyp: "user", scp: (granted ?? []).join(" "), upn: user.upn, name: user.displayName }),
  });
  return { token, seconds };
}

/** Returns the object id of the application's service principal: a constant in the form of a GUID. */
function principalOf(app: Registration): string {
  return app.clientId.replace(/^.{8}/, "5e4f1ce0");
}

/** Returns the object id of an account: a constant for its address, in the form of a GUID. */
export function objectIdOf(user: User): string {
  const hex = createHash("sha256").update(user.address.toLowerCase()).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
