import { type Failure, localOf } from "../../failure.ts";

/** Returns a failure for the log, which may contain paths of this machine. */
export function errorLine(failure: Failure, requestId?: string): Readonly<Record<string, unknown>> {
  const local = localOf(failure);
  const about = { code: failure.code, message: failure.message, ...(local === undefined ? {} : { local }) };
  return requestId === undefined ? about : { request_id: requestId, ...about };
}
