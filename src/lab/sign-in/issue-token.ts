import { createHash, randomUUID } from "node:crypto";
import type { User } from "../store/organisation.ts";
import { type Registration, type Resource, resources, type Tenant } from "./app-registration.ts";
import type { Signer } from "./jwt.ts";
import { TokenError } from "./token-error.ts";

/** A resource as a scope names it, and which of ours it is. */
export interface Audience {
  readonly url: string;
  readonly resource: Resource;
}

/** What `https://outlook.office365.com/.default` or `https://outlook.office365.com/EWS.AccessAsUser.All` names. Throws TokenError. */
export function audienceOf(scope: string, { servers = [] }: Tenant): Audience {
  const url = scope.slice(0, scope.lastIndexOf("/")).replace(/\/$/, "");
  if (servers.includes(url)) return { url, resource: "exchange" };
  const found = Object.entries(resources).find(([, urls]) => urls.some((one) => one === url));
  if (found === undefined)
    throw new TokenError(500011, "invalid_resource", `The resource principal named ${url} was not found in the tenant.`);
  return { url, resource: found[0] === "graph" ? "graph" : "exchange" };
}

/** The token of the answer, and how long it is good, in seconds. */
export interface Issued {
  readonly token: string;
  readonly seconds: number;
}

/**
 * A token like Entra's for Exchange (version 1.0). With a user it is delegated.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
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
    // Entra leaves roles out where there are none.
    ...(user === undefined
      ? { idtyp: "app", ...(granted === undefined || granted.length === 0 ? {} : { roles: granted }) }
      : { idtyp: "user", scp: (granted ?? []).join(" "), upn: user.upn, name: user.displayName }),
  });
  return { token, seconds };
}

/** The object id of the application's service principal: like a GUID, and always the same. */
function principalOf(app: Registration): string {
  return app.clientId.replace(/^.{8}/, "5e4f1ce0");
}

/** The object id of an account: like a GUID, and always the same for its address. */
export function objectIdOf(user: User): string {
  const hex = createHash("sha256").update(user.address.toLowerCase()).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
