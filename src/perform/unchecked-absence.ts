import { Failure } from "../failure.ts";

/** Turns a server's report of a missing item into a failure if no search followed: the report alone proves nothing. */
export function asUncheckedAbsence(failure: Failure): Failure {
  if (failure.code !== "not-found") return failure;
  const { message, wireCode, requestId } = failure;
  return new Failure("could-not-look", `The server reports that it is not there, but mailcordon did not search for it: ${message}`, {
    wireCode,
    requestId,
    cause: failure,
  });
}
