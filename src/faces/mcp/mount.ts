import { type Action, effects } from "../../catalogue/action-definition.ts";
import { mostBytesOf } from "../../catalogue/limits.ts";
import { Failure, failures } from "../../failure.ts";
import { PlanRequest } from "../../sweeps/plan-request.ts";
import type { AppContext } from "../http/app-context.ts";
import { readBody, requestBodyOf } from "../http/body.ts";
import { type Caller, hasRole, isUrgent } from "../http/callers/authentication.ts";
import { openConcurrencyShares } from "../http/callers/rate-limits.ts";
import { evidenceFor } from "../http/evidence-links.ts";
import { connectionFor, queryOf } from "../http/query.ts";
import { answer } from "../http/respond.ts";
import { sweepCallerOf } from "../sweep-caller.ts";
import { mcpServer } from "./server.ts";
import { openSessions, refusal } from "./sessions.ts";

/** Time in which a stopped call can still answer. Milliseconds. */
const lastWordsMs = 1000;
/** Milliseconds without a byte of a body, until its sender is given up. */
const idleMs = 30_000;

/** Size of a message apart from the input of an action: its method, ids, progress token. Bytes. */
const envelopeBytes = 64 * 1024;

/** MCP over streamable HTTP at `/mcp`, behind the same keys: a caller has the tools of its roles, over the mailboxes and the connection that it may use. */
export function mountMcp(appContext: AppContext): void {
  const { app, actions, calls, connections, evidence, settings, version, sweepService, beginSweeps } = appContext;
  const sessions = openSessions(settings.publicUrl);
  // A call keeps its place for minutes while a person is asked: waiting agents must leave places to other calls, and those of one caller must leave places
  // to other agents.
  const most = Math.ceil(settings.maxConcurrency / 2);
  const places = openConcurrencyShares(most);
  const within = async <T>(
    caller: Caller,
    action: Pick<Action, "effect"> | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const role = action === undefined ? "read" : effects[action.effect].role;
    const leave = places.take(caller.id, isUrgent(caller, role));
    if (leave === undefined) {
      throw new Failure("busy", `Too many calls of agents are running: at most ${most} at a time, and one caller gets only part of them.`, {
        hint: "Retry in a moment, or raise serve.max_concurrency.",
      });
    }
    try {
      return await calls.runWithin(caller, role, work);
    } finally {
      leave();
    }
  };
  // The calls of the session are stopped by then, and have reported so. Nobody enters the session meanwhile.
  calls.revocations.each((id) => {
    setTimeout(() => void sessions.endOf((owner) => owner.startsWith(`${id}\n`)), lastWordsMs).unref();
  });
  const actionsOf = (caller: Caller) => [...actions.values()].filter(({ effect }) => hasRole(caller, effects[effect].role));
  // Which action a message calls is only known when it is read; each holds its own input to its own limit then.
  const mostOf = (caller: Caller) =>
    envelopeBytes +
    Math.max(0, ...actionsOf(caller).map(({ input }) => mostBytesOf(input)), sweepService === undefined ? 0 : mostBytesOf(PlanRequest));
  app.all("/mcp", async (c) => {
    const caller = c.get("caller");
    const connection = connectionFor(caller, queryOf(c, ["connection"]).connection, connections);
    // A token may grant less than an earlier token of the same subject: then it gets another session.
    const owner = `${caller.id}\n${JSON.stringify([caller.grant, connection])}`;
    let message: object | undefined;
    if (c.req.method === "POST") {
      const body = calls.admitBody(caller, undefined, c.get("requestId"));
      if ("refused" in body) return answer(body.refused);
      // Batches end here, too: a body is one object. The protocol has none since its version 2025-06-18.
      const requested = await readBody(requestBodyOf(c), {
        maxBytes: settings.maxBodyBytes,
        maxInputBytes: mostOf(caller),
        idleMs,
      }).finally(body.leave);
      if ("failure" in requested) {
        const { code, message } = requested.failure;
        c.get("noted").code = code;
        return refusal(requested.status ?? failures[code].status, `${message} A body is one JSON-RPC message; batches are refused.`);
      }
      await requested.close();
      message = requested.input;
    }
    const serve = async () =>
      mcpServer({
        actions: actionsOf(caller),
        host: await calls.hostFor(caller, connection),
        findEvidence: async (sha256) => (hasRole(caller, "read") ? await evidenceFor(caller, evidence, sha256) : undefined),
        within: (action, work) => within(caller, action, work),
        timeoutMs: settings.timeoutMs,
        requirePerson: settings.requirePerson,
        sweeps: sweepService && {
          ...{ caller: sweepCallerOf(caller), connection },
          open: async () => ({
            ...{ service: sweepService, begun: beginSweeps },
            async archive(id) {
              const { state, sweep } = await sweepService.status(id, sweepCallerOf(caller));
              if (state === "running")
                throw new Failure("changed", `The sweep ${sweep} is running: an archive would not be complete.`, {
                  hint: "Wait until it has ended, or pause it.",
                });
              const url = `${settings.publicUrl}/v1/sweeps/${sweep}/archive`;
              const message = `Get the evidence archive with GET ${url} and an API key that may see this sweep. The header Mailcordon-SHA256 has its SHA-256.`;
              return { success: true, message, sweep, archive_url: url };
            },
          }),
        },
        version,
      });
    return await sessions.handle(c.req.raw, owner, serve, message);
  });
}
