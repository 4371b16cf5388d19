// src/faces/http/callers/: The callers of the HTTP server: API keys and tokens, their grants, and the limits of their calls.

import { Failure } from "../../../failure.ts";
import type { Grant, Interface, Keys, Role } from "../../../state/keys.ts";

/** A caller with its grant. */
export interface Caller {
  /** `key:<id>` or `oidc:<subject>`: used in the audit log, and for what belongs to one caller only. */
  readonly id: string;
  readonly name: string;
  /** The person: the subject of the token, or the owner of the API key if one was recorded. */
  readonly person?: string | undefined;
  readonly grant: Grant;
}

/** Reads a token that is not an API key of mailcordon. Undefined if it is not valid. Throws Failure if that cannot be determined. */
export type TokenReader = (token: string) => Promise<Caller | undefined>;

/**
 * Returns the caller that an Authorization header names, or undefined without saying why.
 * @throws Failure `unreachable` when the API key or token cannot be checked
 */
export async function authenticateCaller(
  header: string | undefined,
  keys: Keys,
  readToken: TokenReader | undefined,
): Promise<Caller | undefined> {
  // RFC 6750 section 2.1 and RFC 9110 section 11.1: the scheme's case does not matter.
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header ?? "")?.[1];
  // Longer than the tokens of any identity provider, so it is not checked.
  if (token === undefined || token.length > 16_384) return undefined;
  if (!token.startsWith("mck_")) return readToken?.(token);
  const holder = await keys.find(token);
  return holder === undefined ? undefined : { id: `key:${holder.id}`, name: holder.name, person: holder.owner, grant: holder.grant };
}

/** Returns the id of the API key in an Authorization header, valid or not; the id is not secret. Undefined if there is none. */
export function keyIdIn(header: string | undefined): string | undefined {
  return /^bearer +mck_([0-9a-f]{12})_/i.exec(header ?? "")?.[1];
}

export function hasRole({ grant }: Caller, role: Role): boolean {
  return grant.roles.includes(role) || grant.roles.includes("admin");
}

/** Returns the grant of a caller as a text: a later token of the same subject may grant less, and then must not access calls that an earlier one began. */
export function scopeOf({ grant: { roles, mailboxes, connections, interfaces } }: Caller): string {
  // Jobs of callers without this limit keep the text that they were stored with before there was one.
  return JSON.stringify([roles, mailboxes ?? "all", connections ?? "all", ...(interfaces === undefined ? [] : [interfaces])]);
}

/** Whether a call that needs `role` may use the places that are kept for containment and for administrators. */
export function isUrgent(caller: Caller, role: Role | undefined): boolean {
  return role === "contain" || hasRole(caller, "admin");
}

/** Throws Failure `access-denied` naming the role. */
export function demandRole(caller: Caller, role: Role): void {
  if (hasRole(caller, role)) return;
  throw new Failure("access-denied", `This action needs the role ${role}, which this caller does not have.`, {
    hint: `Ask an administrator for an API key with this role: mailcordon keys add --role ${role}.`,
  });
}

/** The interface that a path belongs to. */
export function interfaceOf(path: string): Interface {
  return path === "/mcp" ? "mcp" : "http";
}

const interfaceNames: Readonly<Record<Interface, string>> = { http: "HTTP", mcp: "MCP" };

/** Throws Failure `access-denied` naming the interface and those that the caller may use. */
export function demandInterface({ grant: { interfaces } }: Caller, requested: Interface): void {
  if (interfaces === undefined || interfaces.includes(requested)) return;
  const others = interfaces.length === 0 ? "no interface" : `${interfaces.map((one) => interfaceNames[one]).join(" and ")} only`;
  throw new Failure("access-denied", `This caller may not use ${interfaceNames[requested]}: its API key or token is for ${others}.`, {
    hint: `Ask an administrator for an API key for it: mailcordon keys add --interface ${requested}.`,
  });
}
