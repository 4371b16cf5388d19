import { basename } from "node:path";
import { asFailure } from "../failure.ts";
import type { Connection } from "../settings/load-settings.ts";
import type { Step } from "./checkup.ts";

/** Reads and checks file, environment and flags. */
export const settings: Step = {
  name: "settings",
  needs: [],
  async run(checkup) {
    const tried = "read the settings file and the environment";
    try {
      const { connection, evidence, foundFile } = await checkup.load();
      checkup.learned.evidence = evidence;
      checkup.learned.connection = connection;
      const file = foundFile === undefined ? "" : `; the file is ${foundFile}`;
      const found = `connection ${connection.name}: ${backEnds(connection).join("; ")}${unverified(connection)}${file}`;
      return { status: "ok", tried, found };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      return { status: "failed", code, tried, found: message, next: [hint] };
    }
  },
};

function backEnds(connection: Connection): readonly string[] {
  const { backend, graph, auth, ews, access } = connection;
  const ofGraph = `Microsoft Graph at ${graph.url.href}, ${authText({ auth })}`;
  const ofEws = `${backend === "auto" ? "on premises " : ""}${where(connection)}, ${authText({ auth: ews.auth ?? auth })}, access: ${access}`;
  return [...(backend === "ews" ? [] : [ofGraph]), ...(backend === "graph" ? [] : [ofEws])];
}

/** Reported here as well: the step tls may be skipped. */
function unverified({ network }: Connection): string {
  return network.tls.verify ? "" : "; certificates are not checked (tls.verify is false)";
}

function where({ ews }: Connection): string {
  return ews.url?.href ?? `by Autodiscover for ${ews.autodiscover?.address ?? "nobody"}`;
}

function authText({ auth }: Pick<Connection, "auth">): string {
  switch (auth.kind) {
    case "bearer":
      return "a ready token";
    case "oauth":
      return `the application ${auth.clientId || "of this machine"} with ${auth.credential.kind}`;
    case "kerberos":
      return "the Kerberos ticket of the user who runs mailcordon";
    case "client-certificate":
      return `the client certificate in ${auth.files.map((file) => basename(file)).join(" and ")}`;
    case "auto":
      return `the strongest scheme that the server offers, with ${has(auth).join(" and ") || "no password"}${auth.atLeast === undefined ? "" : `, nothing weaker than ${auth.atLeast}`}`;
    default:
      return `a password of ${auth.username}, by ${auth.kind === "ntlm" ? "NTLM" : "Basic"}`;
  }
}

function has({ account, token, oauth }: Extract<Connection["auth"], { kind: "auto" }>): readonly string[] {
  return [
    ...(account === undefined ? [] : [`a password of ${account.username}`]),
    ...(token === undefined ? [] : [authText({ auth: { kind: "bearer", token } })]),
    ...(oauth === undefined ? [] : [authText({ auth: oauth })]),
  ];
}
