import { Failure } from "../../failure.ts";
import type { HttpResponse } from "../../wire/http/request-and-response.ts";
import { readRetryAfter } from "../../wire/throttling/backoff-delay.ts";

/**
 * Converts an HTTP reply without SOAP to a Failure: IIS, a proxy or a sign-in page wrote it, not EWS. Its body is a page for people in any language,
 * so it is used only where no status is specific enough. The wire code is `HTTP` and the status.
 */
export function httpFailure(response: Pick<HttpResponse, "status" | "headers">, about: UnansweredRequest = {}, now = Date.now()): Failure {
  const failure = requestTooLong(response, about) ?? failureOf(response, now);
  // A request without valid credentials or that is too large is rejected before anything is done, whoever rejects it.
  if (failure.code !== "unauthenticated" && failure.code !== "too-large") withoutSoap.add(failure);
  return failure;
}

/** The facts about a request whose reply has no SOAP. */
export interface UnansweredRequest {
  /** The beginning of the page. */
  readonly page?: string | undefined;
  readonly requestBytes?: number | undefined;
  /** True when EWS has replied at this URL before. */
  readonly isKnown?: boolean | undefined;
}

const withoutSoap = new WeakSet<Failure>();

/** Tells whether EWS did not write this reply: the operation may have been carried out before its reply was replaced. */
export function mayHideReply(failure: Failure): boolean {
  return withoutSoap.has(failure);
}

/** Default limit of IIS (maxAllowedContentLength); Exchange sets 64 MB for EWS. Bytes. */
const iisMaxBytes = 30_000_000;

/** Tells whether IIS or ASP.NET may use this status for a request that is too long. */
export function mayExplainOnPage(status: number): boolean {
  return status === 404 || status === 500;
}

/**
 * Recognises a request that is too long. IIS replies 404 (only the page shows the sub-status 13), ASP.NET 500 with a page; both reject it before EWS.
 * A page for remote clients shows neither; then it is the 404 of a long request at a URL where EWS has replied before.
 * @see https://learn.microsoft.com/en-us/iis/configuration/system.webserver/security/requestfiltering/requestlimits/
 * @see https://learn.microsoft.com/en-us/dotnet/api/system.web.configuration.httpruntimesection.maxrequestlength
 */
function requestTooLong(
  { status, headers }: Pick<HttpResponse, "status" | "headers">,
  { page = "", requestBytes = 0, isKnown = false }: UnansweredRequest,
): Failure | undefined {
  const ofIis = status === 404 && (/\b404\.13\b/.test(page) || (isKnown && requestBytes > iisMaxBytes));
  const ofAspNet = status === 500 && page.includes("Maximum request length exceeded");
  if (!ofIis && !ofAspNet) return undefined;
  const limits = ofIis ? "maxAllowedContentLength" : "maxRequestLength of httpRuntime";
  return new Failure("too-large", `The request (${requestBytes} bytes) is larger than the web server accepts.`, {
    wireCode: ofIis ? "HTTP 404.13" : "HTTP 500",
    requestId: headers.get("request-id"),
    hint: `Ask an administrator to raise ${limits} of EWS in its web.config. Nothing was done.`,
  });
}

function failureOf({ status, headers }: Pick<HttpResponse, "status" | "headers">, now: number): Failure {
  const details = { wireCode: `HTTP ${status}`, requestId: headers.get("request-id") };
  switch (status) {
    case 200:
      return new Failure("broken-reply", "The server answered with a page instead of SOAP.", {
        ...details,
        hint: "Check the URL: it ends in /EWS/Exchange.asmx. A proxy may have replied with its sign-in page.",
      });
    case 401:
    case 440: // IIS: the login has expired.
      return new Failure("unauthenticated", `The server refused the sign-in${offeredSchemes(headers.get("www-authenticate"))}.`, details);
    case 403:
      return new Failure("access-denied", "The server forbids EWS to this account.", {
        ...details,
        hint:
          "EWS may be switched off for the organisation, for this mailbox or for this application (Exchange Online does so by default since October 2026): " +
          "an administrator can check with Get-OrganizationConfig | fl Ews* and Get-CASMailbox. Otherwise a proxy or a firewall rule forbids it.",
      });
    case 404:
      return new Failure("unreachable", "There is no EWS at this URL.", {
        ...details,
        hint: "Check the URL: it ends in /EWS/Exchange.asmx.",
      });
    case 413:
      return new Failure("too-large", "The request is larger than the web server accepts.", {
        ...details,
        hint: "Ask an administrator to raise maxAllowedContentLength and maxReceivedMessageSize of EWS in IIS.",
      });
    case 408:
    case 504:
      return new Failure("timeout", `The server gave up waiting (HTTP ${status}).`, details);
    case 429:
    case 503:
      return new Failure("busy", `The server is not ready to answer (HTTP ${status}).`, {
        ...details,
        backOffMs: readRetryAfter(headers.get("retry-after"), now),
      });
    default:
      if (status >= 300 && status < 400) {
        return new Failure("refused", `The server sends us elsewhere (HTTP ${status}${redirectOrigin(headers.get("location"))}).`, {
          ...details,
          hint: "Give the URL of EWS itself. A redirect to an error page means that the server failed; its event log says why.",
        });
      }
      if (status < 300) return new Failure("broken-reply", `The server answered without SOAP (HTTP ${status}).`, details);
      if (status >= 500) return new Failure("broken-reply", `The server failed before EWS could answer (HTTP ${status}).`, details);
      return new Failure("refused", `The server refused the request (HTTP ${status}).`, details);
  }
}

/** An error page has some kilobytes. */
const maxPageBytes = 64 * 1024;
/** The page arrives quickly or is not worth a wait. Milliseconds. */
const pageTimeoutMs = 3000;

/** Reads the beginning of an error page, as far as it arrives soon. Never throws, because the cause is known already. */
export async function readErrorPage(response: Pick<HttpResponse, "body">): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const chunks = response.body[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), pageTimeoutMs);
  });
  try {
    while (size < maxPageBytes) {
      const next = await Promise.race([chunks.next(), late]);
      if (next === undefined || next.done === true) break;
      pieces.push(next.value);
      size += next.value.length;
    }
  } catch {
    // Use the part that has arrived.
  } finally {
    clearTimeout(timer);
    chunks.return?.().catch(() => undefined);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Names the sign-in schemes that the server offers, which explain why Basic was refused. */
function offeredSchemes(challenge: string | undefined): string {
  const schemes = (challenge ?? "").match(/\b(?:Basic|Bearer|Negotiate|NTLM|Digest)\b/gi);
  return schemes === null ? "" : ` (it offers ${[...new Set(schemes)].join(", ")})`;
}

/** Returns only the origin: the rest of the URL may be confidential. */
function redirectOrigin(location: string | undefined): string {
  if (location === undefined || !URL.canParse(location)) return "";
  return `, to ${new URL(location).origin}`;
}
