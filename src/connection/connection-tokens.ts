import { join } from "node:path";
import type { OAuth } from "../settings/oauth-settings.ts";
import { readFileSetting } from "../settings/read-named-file.ts";
import type { Http } from "../wire/http/client-interface.ts";
import { scopeOf } from "../wire/sign-in/clouds.ts";
import type { EntraClient, EntraCredential } from "../wire/sign-in/entra-client.ts";
import { noTokenCache, openTokenCache } from "../wire/sign-in/token-cache.ts";
import { openTokenSource, type TokenSource } from "../wire/sign-in/token-source.ts";

/**
 * Opens the token source of a connection for Exchange or Graph. Tokens are kept for later processes in `$XDG_CACHE_HOME/mailcordon/tokens` (by
 * default `~/.cache/mailcordon/tokens`). `http` reaches the authority.
 */
export function openTokens(
  oauth: OAuth,
  resource: "exchange" | "graph",
  http: Http,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TokenSource {
  // XDG Base Directory Specification.
  const caches = environment.XDG_CACHE_HOME || (environment.HOME ? join(environment.HOME, ".cache") : undefined);
  const cache = caches === undefined ? noTokenCache : openTokenCache(join(caches, "mailcordon", "tokens"));
  return openTokenSource({ client: clientOf(oauth, resource), http, cache });
}

/** Returns the client that fetches tokens. `scope` in the settings applies to Exchange. */
export function clientOf(oauth: OAuth, resource: "exchange" | "graph"): EntraClient {
  const { cloud, authority, tenant, clientId, scope } = oauth;
  const own = resource === "exchange" ? scope : undefined;
  return { cloud, authority, tenant, clientId, scope: own ?? scopeOf(cloud, resource), credential: credentialOf(oauth) };
}

function credentialOf({ credential }: OAuth): EntraCredential {
  switch (credential.kind) {
    case "client-secret":
      return { kind: "client-secret", secret: () => credential.secret.reveal() };
    case "federated-token":
      return {
        kind: "federated-token",
        read: () => readFileSetting(credential.file, "auth.oauth.federated_token_file").toString("utf8").trim(),
      };
    case "certificate": {
      const passphrase = () => credential.passphrase?.reveal();
      const bytes = () => Buffer.concat(credential.files.map((file) => readFileSetting(file, "auth.oauth.certificate")));
      return {
        kind: "certificate",
        read: () =>
          credential.form === "pfx"
            ? { kind: "pfx", bytes: bytes(), passphrase: passphrase() }
            : { kind: "pem", text: bytes().toString("utf8"), passphrase: passphrase() },
      };
    }
    default:
      return credential;
  }
}
