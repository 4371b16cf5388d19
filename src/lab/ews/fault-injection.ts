import { defaultBackOffMs, type Faults } from "../faults.ts";
import { ewsMaxConcurrency } from "../throttling.ts";
import { Fault, messageValues } from "./operation.ts";

/** Returns the SOAP fault that a rule requests instead of the whole operation. */
export function wholeFault(faults: Faults): Fault | undefined {
  const busy = faults.rule("server-busy-fault");
  if (busy !== undefined) {
    const values = messageValues({ BackOffMilliseconds: busy.backOffMs ?? defaultBackOffMs });
    return new Fault("ErrorServerBusy", "The server cannot service this request right now. Try again later.", values);
  }
  return faults.rule("connection-count-fault") === undefined ? undefined : tooManyRequests(ewsMaxConcurrency);
}

/** The fault of a request above EWSMaxConcurrency. */
export function tooManyRequests(most: number): Fault {
  const policy = `This operation exceeds the throttling budget for policy part 'MaxConcurrency', policy value '${most}',  Budget type: 'Ews'.  Suggested backoff time 0 ms.`;
  return new Fault(
    "ErrorExceededConnectionCount",
    "You have exceeded the available concurrent connections for your account.  Try again once your other requests have completed.",
    messageValues({ Policy: "MaxConcurrency", MaxConcurrencyLimit: most, ErrorMessage: policy }),
  );
}
