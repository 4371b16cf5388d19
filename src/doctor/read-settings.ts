import { asFailure } from "../failure.ts";
import type { Connection } from "../settings.ts";
import type { Finding, Step } from "./checkup.ts";

/** File, environment and flags, read and checked. */
export const settings: Step = {
  name: "settings",
  needs: [],
  async run(checkup) {
    const tried = "read the settings file and the environment";
    try {
      const { connection } = await checkup.load();
      checkup.learned.connection = connection;
      if (connection.backend === "graph") return unchecked(connection);
      const found = `connection ${connection.name}: ${where(connection)}, ${authText(connection)}, access: ${connection.access}${unverified(connection)}`;
      return { status: "ok", tried, found };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      return { status: "failed", code, tried, found: message, next: [hint] };
    }
  },
};

/** Where an action over Microsoft Graph fails, the failure says what is missing. */
function unchecked({ name, graph, auth }: Connection): Finding {
  return {
    status: "unknown",
    code: "unsupported",
    tried: "read the settings file and the environment",
    found: `connection ${name}: Microsoft Graph at ${graph.url.href}, ${authText({ auth })}. The settings can be read; doctor does not check Microsoft Graph yet`,
    next: ["Try an action that changes nothing:", "mailcordon get-out-of-office --mailbox ADDRESS"],
  };
}

/** Said here, too: the step tls may never be reached. */
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
      return "the Kerberos ticket of whoever runs this";
    case "client-certificate":
      return `the client certificate in ${auth.files.join(" and ")}`;
    case "auto":
      return `the strongest way that the server offers, with ${has(auth).join(" and ") || "no password"}`;
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
