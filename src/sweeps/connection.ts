import type { Connection } from "../settings/load-settings.ts";
import type { ConnectionFacts } from "./header.ts";

/** Where a connection leads and as whom, without secrets. */
export function connectionFacts({ name, backend, ews, graph, access, auth }: Connection): ConnectionFacts {
  const asked = ews.autodiscover === undefined ? {} : { autodiscover: ews.autodiscover.address };
  return {
    name,
    backend,
    access,
    ...(backend === "graph" ? {} : ews.url === undefined ? asked : { ews: ews.url.href }),
    ...(backend === "ews" ? {} : { graph: graph.url.href }),
    account: accountOf(auth),
  };
}

/** What signs in, as far as the settings say it: of a token they do not. */
function accountOf(auth: Connection["auth"]): string {
  if (auth.kind === "oauth") return `${auth.tenant} ${auth.clientId}`;
  return "username" in auth ? `${auth.kind} ${auth.username.toLowerCase()}` : auth.kind;
}
