import { randomUUID } from "node:crypto";
import type { FaultPlan } from "../../faults.ts";
import type { LabMailbox } from "../../store/mailbox.ts";
import type { Store } from "../../store/store.ts";
import type { DispatchResult } from "../dispatch.ts";
import { errorBody, GraphError } from "../errors.ts";
import { damageReply, faultOf } from "../fault-injection.ts";
import type { GraphReply } from "../operation.ts";

/** Handles a request to a URL whose own token is the only right it needs. `handle` refuses by throwing GraphError. */
export function answerByOwnToken(
  server: { readonly store: Store; readonly faults: FaultPlan },
  operation: string,
  mailbox: LabMailbox | undefined,
  handle: () => GraphReply,
): DispatchResult {
  const requestId = randomUUID();
  const faults = server.faults.of(operation, mailbox === undefined ? [] : [mailbox.address]);
  const answered = (reply: GraphReply): DispatchResult => ({
    reply: { ...reply, headers: { "request-id": requestId, ...reply.headers } },
    faults,
    operation,
    mailbox,
  });
  try {
    const fault = faultOf(faults, undefined);
    if (fault !== undefined) throw fault;
    if (faults.rule("reset-before") !== undefined) throw new GraphError(502, "UnknownError", "");
    return answered(damageReply(handle(), faults));
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const body = errorBody(error, { now: server.store.now(), requestId, clientId: requestId });
    return answered({ status: error.status, headers: error.headers, body });
  }
}
