import { asFailure, Failure } from "../../failure.ts";
import type { Http } from "./client-interface.ts";
import type { HttpRequest, HttpResponse } from "./request-and-response.ts";

/** The facts about one request for an observer: its identity, but never a body, a secret or a token. Times are in milliseconds. */
export type HttpEvent =
  | {
      readonly kind: "request";
      /** The number of the request since the client was opened. */
      readonly number: number;
      readonly method: string;
      /** Without query, fragment and credentials. */
      readonly address: string;
      /** The purpose of the request, such as the name of a SOAP operation. */
      readonly name: string | undefined;
      readonly headers: ReadonlyMap<string, string>;
      /** Bytes of the body. */
      readonly size: number;
    }
  | {
      readonly kind: "reply";
      readonly number: number;
      readonly status: number;
      readonly headers: ReadonlyMap<string, string>;
      readonly ms: number;
    }
  | {
      /** The body was read to its end, or its rest was discarded. */
      readonly kind: "end";
      readonly number: number;
      /** Bytes read, after decompression. */
      readonly size: number;
      readonly ms: number;
    }
  | { readonly kind: "failed"; readonly number: number; readonly failure: Failure; readonly ms: number };

export type Observe = (event: HttpEvent) => void;

const hiddenMark = "[hidden]";

// A list of headers that may be shown, not of those to hide: an unknown header may contain a secret.
const harmlessHeaders: ReadonlySet<string> = new Set([
  ..."accept accept-encoding allow cache-control client-request-id connection content-encoding content-length content-type date".split(" "),
  ..."host keep-alive request-id retry-after return-client-request-id server transfer-encoding user-agent vary via".split(" "),
  // Headers of Exchange and Entra that help to find a request in their logs
  // (https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsmtrk).
  ..."ms-diagnostics x-ms-diagnostics x-ms-request-id x-ms-ests-server x-anchormailbox x-preferserveraffinity x-prefer-server-affinity".split(
    " ",
  ),
  ..."x-beserver x-feserver x-besku x-calculatedbetarget x-calculatedfetarget x-diaginfo x-frontend-begin x-owa-version".split(" "),
  ..."x-aspnet-version x-powered-by x-requestid x-proxy-error x-backendhttpstatus x-proxy-backendserverstatus".split(" "),
]);

/** Returns the headers in a form that may be shown. Challenges keep their scheme and parameters and lose their tokens (RFC 9110, 11.2). */
export function shownHeaders(headers: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    if (harmlessHeaders.has(name)) shown.set(name, value);
    else if (name === "www-authenticate" || name === "proxy-authenticate") shown.set(name, withoutTokens(value));
    else if (name === "location") shown.set(name, URL.canParse(value) ? shownAddress(new URL(value)) : hiddenMark);
    else shown.set(name, hiddenMark);
  }
  return shown;
}

/** Hides tokens: a scheme alone, or with parameters, is public, but the token68 after `NTLM` or `Negotiate` is part of a proof. */
function withoutTokens(challenge: string): string {
  return challenge.replace(
    /\b(NTLM|Negotiate|Kerberos|Basic|Bearer|Digest)[ \t]+([A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|$))/gi,
    `$1 ${hiddenMark}`,
  );
}

function shownAddress({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search === "" ? "" : `?${hiddenMark}`}`;
}

/** Returns the client with an observer of every request. */
export function observeRequests(http: Http, observe: Observe): Http {
  let count = 0;
  return {
    ...http,
    async send(request) {
      count += 1;
      const number = count;
      const start = performance.now();
      const ms = () => Math.round(performance.now() - start);
      observe(requestEvent(request, number));
      try {
        const response = await http.send(request);
        observe({ kind: "reply", number, status: response.status, headers: shownHeaders(response.headers), ms: ms() });
        return observeBody(response, number, ms, observe);
      } catch (thrown) {
        observe({ kind: "failed", number, failure: asFailure(thrown), ms: ms() });
        throw thrown;
      }
    },
  };
}

function requestEvent({ url, method, name, headers, body }: HttpRequest, number: number): HttpEvent {
  return {
    kind: "request",
    number,
    method,
    address: shownAddress(url),
    name,
    headers: shownHeaders(Object.entries(headers)),
    size: body?.size ?? 0,
  };
}

function observeBody(response: HttpResponse, number: number, ms: () => number, observe: Observe): HttpResponse {
  let size = 0;
  let ended = false;
  const end = () => {
    if (!ended) observe({ kind: "end", number, size, ms: ms() });
    ended = true;
  };
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const bytes of response.body) {
        size += bytes.length;
        yield bytes;
      }
    } catch (thrown) {
      observe({ kind: "failed", number, failure: asFailure(thrown), ms: ms() });
      ended = true;
      throw thrown;
    } finally {
      end();
    }
  }
  return {
    ...response,
    body: counted(),
    // Read here, so that the bytes are counted.
    async text(maxBytes) {
      const parts: Uint8Array[] = [];
      for await (const bytes of counted()) {
        if (size > maxBytes) throw new Failure("broken-reply", `The reply has more than ${maxBytes} bytes.`);
        parts.push(bytes);
      }
      return Buffer.concat(parts).toString("utf8");
    },
    discard() {
      response.discard();
      end();
    },
  };
}

/** Returns one event as a line of text. It contains the server's text unchanged: the caller must escape it before showing it. */
export function eventText(event: HttpEvent): string {
  const number = `#${event.number}`;
  switch (event.kind) {
    case "request":
      return `> ${number} ${event.method} ${event.address}${event.name === undefined ? "" : ` ${event.name}`}, ${event.size} bytes${headersText(event.headers)}`;
    case "reply":
      return `< ${number} HTTP ${event.status} after ${event.ms} ms${headersText(event.headers)}`;
    case "end":
      return `< ${number} ended after ${event.ms} ms, ${event.size} bytes`;
    case "failed":
      return `! ${number} ${event.failure.code} after ${event.ms} ms: ${event.failure.message}`;
  }
}

function headersText(headers: ReadonlyMap<string, string>): string {
  return [...headers].map(([name, value]) => `; ${name}: ${value}`).join("");
}
