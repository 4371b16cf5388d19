import type { User } from "../../store/organisation.ts";
import type { Store } from "../../store/store.ts";
import type { RequestHeaders } from "../envelope.ts";
import { Fault, messageValues } from "../operation.ts";

/** Returns the user that an Authorization header proves, or undefined. Basic (RFC 7617, UTF-8) and Bearer (RFC 6750). */
export function authenticate(store: Store, header: string | undefined, tokens: Readonly<Record<string, string>>): User | undefined {
  const [, scheme = "", credentials = ""] = /^([A-Za-z]+) +(\S+)$/.exec(header ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "basic": {
      const text = Buffer.from(credentials, "base64").toString("utf8");
      const colon = text.indexOf(":");
      return colon < 0 ? undefined : store.authenticate(text.slice(0, colon), text.slice(colon + 1));
    }
    case "bearer": {
      const address = Object.hasOwn(tokens, credentials) ? tokens[credentials] : undefined;
      return address === undefined ? undefined : store.mailbox(address)?.user;
    }
    default:
      return undefined;
  }
}

/**
 * Returns the account whose rights a call has. Throws Fault. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exchangeimpersonation
 */
export function actingUser(store: Store, caller: User, headers: RequestHeaders): User {
  const wanted = headers.impersonated;
  if (wanted === undefined) return caller;
  const value = wanted.value.toLowerCase();
  let user: User | undefined;
  switch (wanted.kind) {
    case "PrimarySmtpAddress":
      user = store.organisation.users.find((one) => one.address.toLowerCase() === value);
      break;
    case "SmtpAddress":
      // A user principal name is not an address, even if it resembles one.
      user = store.organisation.users.find((one) => [one.address, ...one.aliases].some((address) => address.toLowerCase() === value));
      break;
    case "PrincipalName":
      user = store.organisation.users.find((one) => one.upn.toLowerCase() === value);
      break;
    case "SID":
      user = store.mailboxBySid(wanted.value.toUpperCase())?.user;
      break;
    default:
      throw new Fault("ErrorInvalidExchangeImpersonationHeaderData", "ExchangeImpersonation has an unknown kind of ConnectingSID.");
  }
  if (user === undefined) {
    const values = wanted.kind.endsWith("SmtpAddress") ? messageValues({ SmtpAddress: wanted.value }) : undefined;
    throw new Fault("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.", values);
  }
  if (!store.mayImpersonate(caller, user)) {
    throw new Fault("ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user.");
  }
  return user;
}
