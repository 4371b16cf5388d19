import type { Connection } from "../settings/load-settings.ts";
import type { ConnectionFacts } from "./plan-header.ts";

/** Returns the server and the account of a connection, without secrets. */
export function connectionFacts({ name, backend, ews, graph, access, auth }: Connection): ConnectionFacts {
  const byAutodiscover = ews.autodiscover === undefined ? {} : { autodiscover: ews.autodiscover.address };
  return {
    name,
    backend,
    access,
    ...(backend === "graph" ? {} : ews.url === undefined ? byAutodiscover : { ews: ews.url.href }),
    ...(backend === "ews" ? {} : { graph: graph.url.href }),
    account: accountOf(auth),
  };
}

/** Returns the account that signs in. The settings do not name the account of a token. */
function accountOf(auth: Connection["auth"]): string {
  if (auth.kind === "oauth") return `${auth.tenant} ${auth.clientId}`;
  return "username" in auth ? `${auth.kind} ${auth.username.toLowerCase()}` : auth.kind;
}
