import { bodyLimit } from "hono/body-limit";
import { effects } from "../../action.ts";
import { Failure } from "../../failure.ts";
import type { House } from "../http/app.ts";
import type { Calls } from "../http/calls.ts";
import { evidenceFor } from "../http/evidence.ts";
import { openPlaces } from "../http/limits.ts";
import { connectionFor, queryOf } from "../http/query.ts";
import { refuse } from "../http/respond.ts";
import { hasRole } from "../http/who.ts";
import { mcpServer } from "./server.ts";
import { openSessions } from "./sessions.ts";

/** What was stopped has answered in a moment. */
const lastWordsMs = 1000;

/** MCP over streamable HTTP at `/mcp`, behind the same keys: a caller has the tools of its roles, over the mailboxes and the connection that it may use. */
export function mountMcp({ app, actions, calls, connections, evidence, settings, version }: House): void {
  const sessions = openSessions(settings.publicUrl);
  // A call holds its place while a person is asked, for minutes: agents that wait must leave places to others.
  const most = Math.ceil(settings.maxConcurrency / 2);
  const places = openPlaces(most);
  const within: Calls["within"] = async (caller, work) => {
    const leave = places.take();
    if (leave === undefined) throw new Failure("busy", `${most} calls of agents are running, which is all that are let in at once.`);
    try {
      return await calls.within(caller, work);
    } finally {
      leave();
    }
  };
  // Its calls are stopped by then, and have said so. Nobody gets into the session meanwhile.
  calls.revocations.each((id) => {
    setTimeout(() => void sessions.endOf((owner) => owner.startsWith(`${id}\n`)), lastWordsMs).unref();
  });
  const tooLarge = () => new Failure("too-large", `The request has more than ${settings.maxBodyBytes} bytes.`);

  app.use("/mcp", bodyLimit({ maxSize: settings.maxBodyBytes, onError: (c) => refuse(c, tooLarge()) }));
  app.all("/mcp", async (c) => {
    const caller = c.get("caller");
    const connection = connectionFor(caller, queryOf(c, ["connection"]).connection, connections);
    // What a token grants may be less than what an earlier one of the same subject did: then it is another session.
    const owner = `${caller.id}\n${JSON.stringify([caller.grant, connection])}`;
    return await sessions.handle(c.req.raw, owner, async () =>
      mcpServer({
        actions: [...actions.values()].filter(({ effect }) => hasRole(caller, effects[effect].role)),
        host: await calls.hostFor(caller, connection),
        findEvidence: async (sha256) => (hasRole(caller, "read") ? await evidenceFor(caller, evidence, sha256) : undefined),
        within: (work) => within(caller, work),
        timeoutMs: settings.timeoutMs,
        version,
      }),
    );
  });
}
