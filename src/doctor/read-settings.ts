import { asFailure } from "../failure.ts";
import type { Connection } from "../settings.ts";
import type { Step } from "./checkup.ts";

/** File, environment and flags, read and checked. */
export const settings: Step = {
  name: "settings",
  needs: [],
  async run(checkup) {
    const tried = "read the settings file and the environment";
    try {
      const { connection } = await checkup.load();
      checkup.learned.connection = connection;
      const found = `connection ${connection.name}: ${where(connection)}, ${authText(connection)}, access: ${connection.access}`;
      return { status: "ok", tried, found };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      return { status: "failed", code, tried, found: message, next: [hint] };
    }
  },
};

function where({ ews }: Connection): string {
  return ews.url?.href ?? `by Autodiscover for ${ews.autodiscover?.address ?? "nobody"}`;
}

function authText({ auth }: Connection): string {
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
      return `the strongest way that the server offers, ${auth.account === undefined ? "with no password" : `with a password of ${auth.account.username}`}`;
    default:
      return `a password of ${auth.username}, by ${auth.kind === "ntlm" ? "NTLM" : "Basic"}`;
  }
}
