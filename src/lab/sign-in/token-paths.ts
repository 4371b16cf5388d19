/** Microsoft's library adds a slash at the end. */
const metadataPaths: readonly string[] = ["/metadata/identity/oauth2/token", "/metadata/identity/oauth2/token/"];
export const instancePath = "/common/discovery/instance";
/** The page where a person enters a code. */
export const devicePath = "/device";

/** The paths below a tenant of Entra. */
const entra = {
  configuration: "v2.0/.well-known/openid-configuration",
  issuer: "v2.0",
  keys: "discovery/v2.0/keys",
  token: "oauth2/v2.0/token",
  device: "oauth2/v2.0/devicecode",
};

/**
 * AD FS has a single tenant, and no versions. @see
 * https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/overview/ad-fs-openid-connect-oauth-flows-scenarios
 */
const adfs: typeof entra = {
  configuration: ".well-known/openid-configuration",
  issuer: "services/trust",
  keys: "discovery/keys",
  token: "oauth2/token/",
  device: "oauth2/devicecode",
};

const pathsOf = (named: string) => (named === "adfs" ? adfs : entra);

/** Returns the kind of endpoint at a path, and its tenant in lower case; undefined for a path of another server. */
export function tokenEndpointAt(path: string): { readonly named: string; readonly what: keyof typeof entra } | undefined {
  const [, name = "", rest = ""] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const named = name.toLowerCase();
  for (const what of ["configuration", "keys", "token", "device"] as const) {
    if (pathsOf(named)[what].replace(/\/$/, "") === rest.replace(/\/$/, "")) return { named, what };
  }
  return undefined;
}

export function isMetadataPath(path: string): boolean {
  return metadataPaths.includes(path);
}

export function isTokenPath(path: string): boolean {
  return isMetadataPath(path) || path === instancePath || path === devicePath || tokenEndpointAt(path) !== undefined;
}

/** Returns the URLs of the endpoints below a tenant. `base`: the URL of the server. */
export function endpointUrls(base: string, named: string): typeof entra {
  const root = `${base}/${named}`;
  const { configuration, issuer, keys, token, device } = pathsOf(named);
  return {
    configuration: `${root}/${configuration}`,
    issuer: `${root}/${issuer}`,
    keys: `${root}/${keys}`,
    token: `${root}/${token}`,
    device: `${root}/${device}`,
  };
}
