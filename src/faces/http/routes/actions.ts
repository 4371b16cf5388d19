// src/faces/http/routes/: One file per group of paths of the HTTP server.

import * as z from "zod";
import { type Action, effects } from "../../../catalogue/action-definition.ts";
import { answerSchema } from "../../../catalogue/answer-envelope.ts";
import { mostBytesOf } from "../../../catalogue/limits.ts";
import { Failure } from "../../../failure.ts";
import { didYouMean } from "../../../text/nearest-name.ts";
import { allowOneText } from "../../list-or-text.ts";
import type { AppContext } from "../app-context.ts";
import { readBody, requestBodyOf } from "../body.ts";
import { demandRole } from "../callers/authentication.ts";
import { openDocumentCache } from "../document-cache.ts";
import type { Reply } from "../problem.ts";
import { connectionFor, queryOf } from "../query.ts";
import { answer, noOtherMethod, refuse } from "../respond.ts";
import { acceptedReply, prefersAsync, queueJob } from "./jobs.ts";

/** Milliseconds without a byte of a body, after which mailcordon gives up on the sender. */
const idleMs = 30_000;

/** Routes that list and call the actions of the catalogue. */
export function actionRoutes(appContext: AppContext): void {
  const { app, actions, calls, settings, connections } = appContext;
  const documents = openDocumentCache();

  app.get("/v1/actions", (c) => {
    queryOf(c, []);
    return documents(c, "", () => ({ actions: [...actions.values()].map(summaryOf) }));
  });

  app.get("/v1/actions/:action", (c) => {
    queryOf(c, []);
    const action = findAction(actions, c.req.param("action"));
    return documents(c, action.name, () => descriptionOf(action));
  });

  app.post("/v1/actions/:action", async (c) => {
    const action = findAction(actions, c.req.param("action"));
    const noted = c.get("noted");
    noted.action = action.name;
    const caller = c.get("caller");
    const { role } = effects[action.effect];
    demandRole(caller, role);
    const connection = connectionFor(caller, queryOf(c, ["connection"]).connection, connections);
    noted.connection = connection;
    const idempotencyKey = idempotencyKeyOf(c.req.header("idempotency-key"));
    const body = calls.admitBody(caller, role, c.get("requestId"));
    if ("refused" in body) return answerNoted(noted, body.refused);
    const requested = await readBody(requestBodyOf(c), {
      maxBytes: settings.maxBodyBytes,
      maxInputBytes: mostBytesOf(action.input),
      idleMs,
    }).finally(body.leave);
    // The rest of the body is still arriving, so the TCP connection cannot be used for another request.
    if ("failure" in requested) return refuse(c, requested.failure, { status: requested.status, headers: { connection: "close" } });
    try {
      const place = calls.admitCall(caller, role, c.get("requestId"));
      if ("refused" in place) return answerNoted(noted, place.refused);
      try {
        const order = { action, asked: requested, caller, connection, requestId: c.get("requestId"), idempotencyKey };
        // A client that disconnected reads no answer; calls that change something are completed anyway.
        const { signal } = c.req.raw;
        // The files of a request are lost when it ends, so a call with files is answered when it is complete, as RFC 7240 permits.
        const later = prefersAsync(c.req.header("prefer")) && !requested.hasFiles;
        const run = () => calls.run(action.effect === "read" ? { ...order, signal } : order);
        const reply = later ? await queueJob(appContext, order) : await run();
        // Includes a replayed reply for a client that sends the same Idempotency-Key without Prefer.
        return answerNoted(noted, reply.status === 202 ? acceptedReply(reply, settings.publicUrl) : reply);
      } finally {
        place.leave();
      }
    } finally {
      await requested.close();
    }
  });

  noOtherMethod(app, "/v1/actions", "GET");
  noOtherMethod(app, "/v1/actions/:action", "GET, POST", "Use POST to call an action, GET to describe it.");
}

/** The answer, with what went wrong noted for the log. */
export function answerNoted(noted: Record<string, string>, reply: Reply): Response {
  const code = /"code":"([a-z-]+)"/.exec(reply.status < 300 ? "" : reply.body.slice(0, 2000))?.[1];
  if (code !== undefined) noted.code = code;
  return answer(reply);
}

function findAction(actions: ReadonlyMap<string, Action>, name: string): Action {
  const action = actions.get(name);
  if (action !== undefined) return action;
  throw new Failure("not-found", `There is no action with this name.${didYouMean(name, actions.keys())}`, {
    hint: "List the actions with GET /v1/actions.",
  });
}

/** Returns the Idempotency-Key: 1 to 255 visible ASCII characters. Any other value would not protect as its sender expects. */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Failure("invalid-input", "Idempotency-Key: put 1 to 255 visible ASCII characters, such as a UUID.");
}

function summaryOf({ name, title, summary, effect }: Action) {
  const { kind, role } = effects[effect];
  return { name, title, summary, effect, kind, role, url: `/v1/actions/${name}` };
}

function descriptionOf(action: Action) {
  return {
    ...summaryOf(action),
    input_schema: z.toJSONSchema(action.input, {
      io: "input",
      override: ({ zodSchema, jsonSchema }) => allowOneText(zodSchema, jsonSchema, "type"),
    }),
    output_schema: z.toJSONSchema(answerSchema(action), { io: "output" }),
    example: action.example ?? {},
  };
}
