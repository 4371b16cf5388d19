import { Failure } from "../../failure.ts";

/**
 * Returns the Failure for a list of which the server counts more items than it returns, even on a second request: the missing items may exist.
 * `whose` names the contents or the owner of the list.
 */
export function contradiction(counted: number, given: number, whose: string): Failure {
  return new Failure(
    "broken-reply",
    `The server counts ${counted} in the list of ${whose} but returned ${given}, even on a second request.`,
    {
      hint: "Retry. If it persists, open this mailbox in another client: it may contain more than was listed.",
    },
  );
}
