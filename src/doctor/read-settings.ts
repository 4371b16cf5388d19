import { asFailure } from "../failure.ts";
import type { Connection } from "../settings.ts";
import type { Step } from "./checkup.ts";
import { urlOf } from "./place.ts";

/** File, environment and flags, read and checked. */
export const settings: Step = {
  name: "settings",
  needs: [],
  async run(checkup) {
    const tried = "read the settings file and the environment";
    try {
      const { connection } = await checkup.load();
      checkup.learned.connection = connection;
      const found = `connection ${connection.name}: ${urlOf(connection).href}, ${authText(connection)}, access: ${connection.access}`;
      return { status: "ok", tried, found };
    } catch (thrown) {
      const { code, message, hint } = asFailure(thrown);
      return { status: "failed", code, tried, found: message, next: [hint] };
    }
  },
};

function authText({ auth }: Connection): string {
  return auth.kind === "basic" ? `a password of ${auth.username}` : "a ready token";
}
