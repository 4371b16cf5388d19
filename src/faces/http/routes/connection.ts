import { isGranted } from "../../../connection/restrict-to-mailboxes.ts";
import { Failure } from "../../../failure.ts";
import type { AppContext, ConnectionReport } from "../app-context.ts";
import { readBody, requestBodyOf } from "../body.ts";
import { type Caller, demandRole } from "../callers/authentication.ts";
import { revokedMeanwhile } from "../callers/revoked-keys.ts";
import { connectionFor, queryOf } from "../query.ts";
import { answer, document, noOtherMethod, refuse } from "../respond.ts";

/** One field with an address. Bytes. */
const longestBody = 4096;
const idleMs = 10_000;

/** Whether a connection works, step by step. */
export function connectionRoutes({ app, calls, connections, ending, testConnection }: AppContext): void {
  app.post("/v1/connection/test", async (c) => {
    const caller = c.get("caller");
    demandRole(caller, "read");
    const connection = connectionFor(caller, queryOf(c, ["connection"]).connection, connections);
    c.get("noted").connection = connection;
    const body = calls.admitBody(caller, "read", c.get("requestId"));
    if ("refused" in body) return answer(body.refused);
    const requested = await readBody(requestBodyOf(c), { maxBytes: longestBody, maxInputBytes: longestBody, idleMs }).finally(body.leave);
    if ("failure" in requested) return refuse(c, requested.failure, { status: requested.status, headers: { connection: "close" } });
    const mailbox = mailboxFor(caller, requested.input);
    // The test signs in and sends requests like a call, so it counts towards the same limit.
    const place = calls.admitCall(caller, "read", c.get("requestId"));
    if ("refused" in place) return answer(place.refused);
    const stop = new AbortController();
    const end = () => stop.abort();
    const reasons = [c.req.raw.signal, ending];
    for (const reason of reasons) reason.addEventListener("abort", end);
    const unwatch = calls.revocations.watch(caller.id, end);
    try {
      const report = await testConnection(connection, { mailbox, signal: stop.signal });
      if (calls.revocations.has(caller.id)) throw revokedMeanwhile();
      return document(caller.grant.mailboxes === undefined ? report : verdictOf(connection, report));
    } finally {
      unwatch();
      for (const reason of reasons) reason.removeEventListener("abort", end);
      place.leave();
    }
  });

  noOtherMethod(app, "/v1/connection/test", "POST");
}

/** Returns the report for a caller limited to mailboxes, without details of the connection's setup. */
function verdictOf(connection: string, { success }: ConnectionReport): ConnectionReport {
  if (success) return { success, message: `The connection ${connection} works.`, checks: [] };
  const message = `The connection ${connection} does not work. To find out why, use an API key for every mailbox, or run mailcordon doctor on the server.`;
  return { success, message, checks: [] };
}

/** Returns the mailbox to open. For a caller limited to mailboxes it is one of them. Throws Failure. */
function mailboxFor({ grant }: Caller, { mailbox, ...others }: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.keys(others).length > 0) throw new Failure("invalid-input", "The input has an unknown field. The only field is mailbox.");
  if (mailbox !== undefined && typeof mailbox !== "string") throw new Failure("invalid-input", "mailbox: is not a text.");
  const wanted = mailbox || grant.mailboxes?.find((address) => !address.startsWith("*"));
  if (grant.mailboxes !== undefined && (wanted === undefined || !isGranted(wanted, grant.mailboxes))) {
    throw new Failure("access-denied", "The mailbox to open is not among those that this caller may use.", {
      hint: "Set mailbox to one of the mailboxes of your API key.",
    });
  }
  return wanted;
}
