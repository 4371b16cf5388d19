import { discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams } from "@modelcontextprotocol/sdk/client/auth.js";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpSettings } from "../../../../src/faces/http/app-context.ts";
import { raw, startToys, type ToyServer } from "../server.ts";
import { state, toys } from "../stage.ts";

const issuer = "https://login.example.com/tenant/v2.0";
let own: ToyServer | undefined;
afterEach(async () => {
  await own?.close();
  own = undefined;
});
const start = async (changes: Partial<HttpSettings> = {}) => {
  own = await startToys(state, { oidc: { issuer, rolesClaim: "roles" }, ...changes });
  return own;
};

describe("a server that accepts tokens", () => {
  test("names the issuer to everybody, in a form that Microsoft's and MCP's clients read", async () => {
    const { url } = await start();
    // The client of the MCP SDK, as it looks before its first sign-in.
    const found = await discoverOAuthProtectedResourceMetadata(new URL("/mcp", url));
    expect(found).toMatchObject({ resource: `${url}/mcp`, authorization_servers: [issuer], bearer_methods_supported: ["header"] });
    expect(found).not.toHaveProperty("scopes_supported");
  });

  test("lists the roles as scopes only if they are the scopes of a token", async () => {
    const { call } = await start({ oidc: { issuer, rolesClaim: "scope" } });
    const { json } = await call("/.well-known/oauth-protected-resource");
    expect(json.scopes_supported).toEqual(["read", "contain", "send", "approve", "admin"]);
  });

  test.each([
    ["/mcp", "/.well-known/oauth-protected-resource/mcp"],
    ["/v1/actions", "/.well-known/oauth-protected-resource"],
  ])("leads a request to %s without a token to its metadata", async (path, metadata) => {
    const { url } = await start();
    const reply = await fetch(new URL(path, url));
    expect(reply.status).toBe(401);
    expect(String(extractWWWAuthenticateParams(reply).resourceMetadataUrl)).toBe(`${url}${metadata}`);
  });

  test("uses its public URL", async () => {
    const { call } = await start({ publicUrl: "https://mailcordon.example.com/soc" });
    const { json } = await call("/.well-known/oauth-protected-resource/mcp");
    expect(json.resource).toBe("https://mailcordon.example.com/soc/mcp");
    const { headers } = await call("/v1/actions");
    expect(headers.get("www-authenticate")).toBe(
      'Bearer resource_metadata="https://mailcordon.example.com/soc/.well-known/oauth-protected-resource"',
    );
  });

  test("writes no quotation mark of a Host header into its challenge", async () => {
    const { url } = await start();
    const reply = await raw(url, 'GET /v1/actions HTTP/1.1\r\nHost: a", error="x\r\nConnection: close\r\n\r\n');
    expect(reply).not.toContain('error="x');
  });
});

test("a server with API keys only has no such metadata, and its challenge names none", async () => {
  const { status, json } = await toys.call("/.well-known/oauth-protected-resource");
  expect([status, json.code]).toEqual([404, "not-found"]);
  expect((await toys.call("/v1/actions")).headers.get("www-authenticate")).toBe("Bearer");
});
