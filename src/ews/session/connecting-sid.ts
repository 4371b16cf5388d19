import { Failure } from "../../failure.ts";
import type { ConnectingName, Soap, Target } from "./soap.ts";

/** A security identifier (MS-DTYP, 2.4.2.1). */
export function isSid(name: string): boolean {
  return /^S-1-\d{1,15}(?:-\d{1,10}){1,15}$/i.test(name);
}

/**
 * Identifies the impersonated mailbox by the right kind of name. A user principal name looks like an SMTP address, and only Exchange knows which it
 * is. If a name is not found as an address, it is tried once as a user principal name. The result is remembered either way.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/connectingsid
 */
export function withConnectingName(soap: Soap): Soap {
  const known = new Map<string, ConnectingName>();

  async function called<T>(target: Target, ask: (target: Target) => Promise<T>): Promise<T> {
    const { impersonate } = target;
    if (impersonate?.by !== "SmtpAddress") return ask(target);
    const { name } = impersonate;
    const key = name.toLowerCase();
    const by = known.get(key);
    if (by !== undefined) return ask({ ...target, impersonate: { by, name } });
    try {
      const answer = await ask(target);
      known.set(key, "SmtpAddress");
      return answer;
    } catch (thrown) {
      if (!isUnknown(thrown)) throw thrown;
      try {
        const answer = await ask({ ...target, impersonate: { by: "PrincipalName", name } });
        known.set(key, "PrincipalName");
        return answer;
      } catch (again) {
        if (!isUnknown(again)) throw again;
        known.set(key, "SmtpAddress");
        throw thrown;
      }
    }
  }

  return {
    serverVersion: soap.serverVersion,
    call: (operation, input, target, call) => called(target, (right) => soap.call(operation, input, right, call)),
    stream: (operation, input, content, target, call) => called(target, (right) => soap.stream(operation, input, content, right, call)),
  };
}

/** Tells whether Exchange replied with this fault. It did nothing, because it did not know the mailbox. */
function isUnknown(thrown: unknown): boolean {
  return thrown instanceof Failure && thrown.wireCode === "ErrorNonExistentMailbox";
}
