import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import { Failure } from "../../failure.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import type { Caller } from "./callers/authentication.ts";
import { problem, type Reply } from "./problem.ts";

/** Values that belong to a request. */
export interface Env {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** Not set on routes that need no API key. */
    caller: Caller;
    /** For the log: the action, the connection, the code of what went wrong. */
    noted: Record<string, string>;
  };
}

/** Answers with problem details. */
export function refuse(
  c: Context<Env>,
  failure: Failure,
  details: { readonly status?: number | undefined; readonly headers?: Readonly<Record<string, string>> | undefined } = {},
): Response {
  c.get("noted").code = failure.code;
  return answer(problem(failure, { requestId: c.get("requestId"), ...details }));
}

/** Answers with a document that may contain text of a message or a server. */
export function document(value: object): Response {
  return answer({ status: 200, body: harmlessJson(value), headers: { "content-type": "application/json" } });
}

export function answer({ status, body, headers }: Reply): Response {
  return new Response(body, { status, headers });
}

/** Refuses all other methods of a path; call it after the path's own routes. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6 */
export function noOtherMethod(app: Hono<Env>, path: string, allow: string, hint = `Use ${allow}.`): void {
  app.all(path, (c) =>
    refuse(c, new Failure("invalid-input", `This path does not support ${c.req.method}.`, { hint }), { status: 405, headers: { allow } }),
  );
}
