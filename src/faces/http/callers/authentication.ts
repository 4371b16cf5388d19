// src/faces/http/callers/: Who calls the HTTP server: keys and tokens, what they grant, and how often a caller may call.

import { Failure } from "../../../failure.ts";
import type { Grant, Interface, Keys, Role } from "../../../state/keys.ts";

/** Who calls, and what that one may do. */
export interface Caller {
  /** `key:<id>`, or `oidc:<subject>`: in the audit, and what belongs to one caller only. */
  readonly id: string;
  readonly name: string;
  readonly grant: Grant;
}

/** Reads a token that is not one of our keys. Undefined when it is not valid. Throws Failure when that cannot be said. */
export type TokenReader = (token: string) => Promise<Caller | undefined>;

/**
 * Who an Authorization header names; undefined when nobody. Nothing is said of why.
 * @throws Failure `unreachable` when it cannot be looked up
 */
export async function authenticateCaller(
  header: string | undefined,
  keys: Keys,
  readToken: TokenReader | undefined,
): Promise<Caller | undefined> {
  // RFC 6750 section 2.1 and RFC 9110 section 11.1: the scheme's case does not matter.
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header ?? "")?.[1];
  // Longer than any token that an identity provider gives: not even looked at.
  if (token === undefined || token.length > 16_384) return undefined;
  if (!token.startsWith("mck_")) return readToken?.(token);
  const holder = await keys.find(token);
  return holder === undefined ? undefined : { id: `key:${holder.id}`, name: holder.name, grant: holder.grant };
}

/** The id of the API key in an Authorization header, valid or not; it is no secret. Undefined where there is none. */
export function keyIdIn(header: string | undefined): string | undefined {
  return /^bearer +mck_([0-9a-f]{12})_/i.exec(header ?? "")?.[1];
}

export function hasRole({ grant }: Caller, role: Role): boolean {
  return grant.roles.includes(role) || grant.roles.includes("admin");
}

/** What a caller is granted, as a text: a later token of the same subject may grant less, and then has nothing of what an earlier one began. */
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
  throw new Failure("access-denied", `This needs the role ${role}, which this caller does not have.`, {
    hint: `An administrator makes a key with it: mailcordon keys add --role ${role}.`,
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
    hint: `An administrator makes an API key for it: mailcordon keys add --interface ${requested}.`,
  });
}
