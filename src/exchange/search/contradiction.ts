import { Failure } from "../../failure.ts";

/** The server counts more than it gives, also when it is asked again: what is missing may be there. `whose`: what the list is of. */
export function contradiction(counted: number, given: number, whose: string): Failure {
  return new Failure(
    "broken-reply",
    `The server counts ${counted} in the list of ${whose}, and gives ${given}, also when it is asked again.`,
    {
      hint: "Retry. If it persists, look at this mailbox in another client: it may hold more than was listed.",
    },
  );
}
