import type { Context, Hono } from "hono";
import { Failure } from "../../../failure.ts";
import { roles } from "../../../state/keys.ts";
import type { HttpSettings } from "../app-context.ts";
import { type Env, refuse } from "../respond.ts";

/** RFC 9728 section 3: the metadata of the resource at a path is at this path with the path behind it. */
const wellKnown = "/.well-known/oauth-protected-resource";
/** The resources: the whole server, and MCP, whose clients look for their own. */
const resourcePaths = ["", "/mcp"] as const;
/** Claims that are the scopes of a token (RFC 9068 section 2.2.3; Microsoft Entra ID writes scp). */
const scopeClaims: ReadonlySet<string> = new Set(["scope", "scp"]);

/**
 * Tells a client without a token whose tokens this server accepts. Needs no authentication: the client has none yet.
 * https://www.rfc-editor.org/rfc/rfc9728 and https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
 */
export function protectedResourceRoutes(app: Hono<Env>, settings: HttpSettings): void {
  for (const path of resourcePaths) {
    app.get(`${wellKnown}${path}`, (c) => {
      const { oidc } = settings;
      if (oidc === undefined) {
        return refuse(
          c,
          new Failure("not-found", "This server accepts API keys only, and no tokens.", { hint: "Ask an administrator for an API key." }),
        );
      }
      return c.json({
        resource: `${baseOf(c, settings)}${path}`,
        resource_name: "mailcordon",
        authorization_servers: [oidc.issuer],
        bearer_methods_supported: ["header"],
        ...(scopeClaims.has(oidc.rolesClaim) ? { scopes_supported: roles } : {}),
      });
    });
  }
}

/** Returns the challenge of a 401 that leads a client to the metadata (RFC 9728 section 5.1); undefined if the server accepts no tokens. */
export function resourceChallenge(c: Context<Env>, settings: HttpSettings): string | undefined {
  if (settings.oidc === undefined) return undefined;
  const path = resourcePaths.find((one) => one !== "" && c.req.path === one) ?? "";
  return `Bearer resource_metadata="${baseOf(c, settings)}${wellKnown}${path}"`;
}

/** A URL contains no quotation mark, whatever the Host header of the request contained. */
function baseOf(c: Context<Env>, { publicUrl }: HttpSettings): string {
  return publicUrl === "" ? new URL(c.req.url).origin : publicUrl;
}
