import { Failure } from "../../failure.ts";

/**
 * Returns the Failure for a list of which the server counts more items than it returns, even on a second request: the missing items may exist.
 * `whose` names the contents or the owner of the list.
 */
export function contradiction(counted: number, given: number, whose: string): Failure {
  return new Failure(
    "broken-reply",
    `The server counts ${counted} in the list of ${whose}, and gives ${given}, also when it is asked again.`,
    {
      hint: "Retry. If it persists, look at this mailbox in another client: it may hold more than was listed.",
    },
  );
}
