import { Failure } from "../failure.ts";
import { retryAfter } from "../wire/backoff.ts";
import type { HttpResponse } from "../wire/http.ts";

/**
 * An HTTP answer that carries no SOAP, as a Failure: it was given by IIS, a proxy or a sign-in page, not by EWS. Its body is not looked
 * at: it is a page for a person, in any language. The wire code is `HTTP` and the status.
 */
export function httpFailure(response: Pick<HttpResponse, "status" | "headers">, now = Date.now()): Failure {
  const failure = failureOf(response, now);
  // Who is unknown, or sends too much, is turned away before anything is done, whoever says so.
  if (failure.code !== "unauthenticated" && failure.code !== "too-large") withoutSoap.add(failure);
  return failure;
}

const withoutSoap = new WeakSet<Failure>();

/** True of an answer that EWS did not write: the operation may have been carried out before its reply was replaced. */
export function mayHideReply(failure: Failure): boolean {
  return withoutSoap.has(failure);
}

function failureOf({ status, headers }: Pick<HttpResponse, "status" | "headers">, now: number): Failure {
  const details = { wireCode: `HTTP ${status}`, requestId: headers.get("request-id") };
  switch (status) {
    case 200:
      return new Failure("broken-reply", "The server answered with a page instead of SOAP.", {
        ...details,
        hint: "Check the URL: it ends in /EWS/Exchange.asmx. A sign-in page of a proxy may stand between.",
      });
    case 401:
    case 440: // IIS: the login has expired.
      return new Failure("unauthenticated", `The server refused the sign-in${offered(headers.get("www-authenticate"))}.`, details);
    case 403:
      return new Failure("access-denied", "The server forbids EWS to this account.", {
        ...details,
        hint:
          "EWS may be switched off for the organisation, for this mailbox or for this application (Exchange Online does so by default since October 2026): " +
          "an administrator can look with Get-OrganizationConfig | fl Ews* and Get-CASMailbox. Otherwise a proxy or a firewall rule forbids it.",
      });
    case 404:
      return new Failure("unreachable", "There is no EWS at this URL.", {
        ...details,
        hint: "Check the URL: it ends in /EWS/Exchange.asmx.",
      });
    case 413:
      return new Failure("too-large", "The request is larger than the web server takes.", {
        ...details,
        hint: "An administrator can raise maxAllowedContentLength and maxReceivedMessageSize of EWS in IIS.",
      });
    case 408:
    case 504:
      return new Failure("timeout", `The server gave up waiting (HTTP ${status}).`, details);
    case 429:
    case 503:
      return new Failure("busy", `The server is not ready to answer (HTTP ${status}).`, {
        ...details,
        backOffMs: retryAfter(headers.get("retry-after"), now),
      });
    default:
      if (status >= 300 && status < 400) {
        return new Failure("refused", `The server sends us elsewhere (HTTP ${status}${whereTo(headers.get("location"))}).`, {
          ...details,
          hint: "Give the URL of EWS itself. A redirect to an error page means that the server failed; its event log says why.",
        });
      }
      if (status < 300) return new Failure("broken-reply", `The server answered without SOAP (HTTP ${status}).`, details);
      if (status >= 500) return new Failure("broken-reply", `The server failed before EWS could answer (HTTP ${status}).`, details);
      return new Failure("refused", `The server refused the request (HTTP ${status}).`, details);
  }
}

/** The names of the ways to sign in that the server offers: they tell a person why Basic was refused. */
function offered(challenge: string | undefined): string {
  const schemes = (challenge ?? "").match(/\b(?:Basic|Bearer|Negotiate|NTLM|Digest)\b/gi);
  return schemes === null ? "" : ` (it offers ${[...new Set(schemes)].join(", ")})`;
}

/** Only the origin: the rest may carry what is nobody's business. */
function whereTo(location: string | undefined): string {
  if (location === undefined || !URL.canParse(location)) return "";
  return `, to ${new URL(location).origin}`;
}
