import { resources } from "../../sign-in/app-registration.ts";
import type { SeenToken, TokenServer } from "../../sign-in/token-server.ts";
import type { User } from "../../store/organisation.ts";
import { GraphError } from "../errors.ts";
import type { GraphCaller } from "../operation.ts";

/** The accepted tokens and their permissions. */
export interface SignIn {
  /** The practice Microsoft Entra ID whose tokens are accepted. */
  readonly entra: TokenServer | undefined;
  /** Further accepted tokens: token -> application permissions. */
  readonly tokens: Readonly<Record<string, readonly string[]>>;
  user(upn: string): User | undefined;
}

/** Microsoft Graph as a resource: the same id in every tenant. */
const graphId = "00000003-0000-0000-c000-000000000000";

export function unauthenticated(message: string): GraphError {
  return new GraphError(401, "InvalidAuthenticationToken", message, {
    "WWW-Authenticate": `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="${graphId}"`,
  });
}

/** Whom the Authorization header proves. Throws GraphError with status 401. */
export async function signIn(server: SignIn, authorization: string | undefined): Promise<GraphCaller> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw unauthenticated("Access token is empty.");
  if (Object.hasOwn(server.tokens, token)) {
    const granted = server.tokens[token] ?? [];
    return { app: token.slice(0, 4), user: undefined, granted, exchangeRole: false, mailboxes: undefined };
  }
  const seen = await server.entra?.see(token);
  if (server.entra === undefined || seen === undefined) throw unauthenticated("IDX14100: JWT is not well formed, there are no dots (.).");
  check(seen, server.entra);
  const { app, jwt } = seen;
  if (app === undefined) throw unauthenticated("The application is not known.");
  const scopes = jwt.claims.get("scp");
  const roles = jwt.claims.get("roles");
  const common = { app: app.clientId, exchangeRole: app.exchangeRole === true, mailboxes: app.mailboxes };
  if (typeof scopes !== "string") return { ...common, user: undefined, granted: Array.isArray(roles) ? roles.map(String) : [] };
  const upn = jwt.claims.get("upn");
  const user = typeof upn === "string" ? server.user(upn) : undefined;
  if (user === undefined) throw unauthenticated("The user account does not exist.");
  return { ...common, exchangeRole: false, user, granted: scopes.split(" ").filter((scope) => scope !== "") };
}

function check({ jwt, trusted, revoked }: SeenToken, server: TokenServer): void {
  const { aud, tid, exp, nbf } = Object.fromEntries(jwt.claims);
  const now = Date.now() / 1000;
  if (!trusted) throw unauthenticated("Signing key is invalid.");
  const isForGraph = aud === graphId || resources.graph.some((one) => one === aud);
  if (!isForGraph) throw unauthenticated("Access token validation failure. Invalid audience.");
  if (tid !== server.tenant.id) throw unauthenticated("Invalid tenant.");
  // Clocks may differ by five minutes.
  const timely = typeof exp === "number" && exp > now && typeof nbf === "number" && nbf <= now + 300;
  if (!timely || revoked) throw unauthenticated("Lifetime validation failed, the token is expired.");
}

const basePermission = (permission: string): string => permission.replace(/\.(All|Shared)$/, "");

/** Whether one of these permissions was granted. Scopes of users have no `.All` and may end with `.Shared`. */
export function isGranted(caller: GraphCaller, permissions: readonly string[]): boolean {
  if (caller.user === undefined) return permissions.some((one) => caller.granted.includes(one));
  const granted = new Set(caller.granted.map(basePermission));
  return permissions.some((one) => granted.has(basePermission(one)));
}
