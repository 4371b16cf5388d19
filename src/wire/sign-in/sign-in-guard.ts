import { createHmac, randomBytes } from "node:crypto";
import { Failure } from "../../failure.ts";
import type { HttpRequest, HttpResponse } from "../http/request-and-response.ts";
import { challengesOf } from "./challenge.ts";

/**
 * Keeps wrong passwords from locking an account: what a server refused once is not sent to it again by this process, and until a server
 * has taken the credentials only one request at a time goes there with them. A server refuses within a second or two; one that says nothing for
 * longer is busy with the request (a mailbox that does not answer), which must not hold up all others: then an empty request shows whether the
 * credentials are taken. Three are unanswered at most.
 */
export interface SignInGuard {
  /**
   * `send` sends once with the credentials. Its answer, unless that is 401. `probe` sends an empty request with them, of which no mailbox hears.
   * @throws Failure `unauthenticated` when the server refuses, and from then on without sending; `cancelled` while it waits for another
   */
  tried(send: () => Promise<HttpResponse>, probe: () => Promise<HttpResponse>, signal: AbortSignal | undefined): Promise<HttpResponse>;
}

// A lock-out policy counts within minutes; whoever was let in less than a minute ago has not mistyped.
const provenMs = 60_000;

/** Servers refuse a password sooner. Those that do not are still asked three times at most. Milliseconds. */
const maxSilenceMs = 3000;
/** Fewer than any lock-out policy counts. */
const maxUnanswered = 3;

const guards = new Map<string, SignInGuard>();
/** Passwords are compared without being kept. */
const key = randomBytes(32);

/** The guard that everybody in this process shares who signs in there, as this account, in this way. `scheme` is for the failure's words. */
export function guardOf(server: string, scheme: string, account: string, secret: string): SignInGuard {
  const name = JSON.stringify([server, scheme, account, createHmac("sha256", key).update(secret).digest("base64")]);
  const known = guards.get(name) ?? openGuard(new URL(server).host, scheme);
  guards.set(name, known);
  return known;
}

/**
 * An empty request to the same address, which shows whether credentials are taken: of the same method, since some servers challenge only POST, and
 * without what names a mailbox, since that one may not answer.
 */
export function probeOf({ url, method, signal }: HttpRequest): HttpRequest {
  return { url, method, headers: {}, signal, name: "sign-in" };
}

function openGuard(host: string, scheme: string): SignInGuard {
  let refusal: Failure | undefined;
  let provenUntil = 0;
  const underWay = new Set<Promise<void>>();
  let lastBegan = 0;

  async function attempt(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const response = await send();
    if (response.status !== 401) {
      provenUntil = performance.now() + provenMs;
      return response;
    }
    response.discard();
    refusal = refused(response, host, scheme);
    throw refusal;
  }

  /** Others wait for what comes of it, up to three at a time. */
  function begin(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    lastBegan = performance.now();
    const attempted = attempt(send);
    const over = attempted.then(
      () => undefined,
      () => undefined, // Who attempted is told; the others look at what came of it.
    );
    const noted = over.finally(() => underWay.delete(noted));
    underWay.add(noted);
    return attempted;
  }

  return {
    async tried(send, probe, signal) {
      for (;;) {
        if (refusal !== undefined) throw again(refusal);
        if (performance.now() < provenUntil) return attempt(send);
        if (underWay.size === 0) return begin(send);
        const mayBe = underWay.size < maxUnanswered;
        const left = lastBegan + maxSilenceMs - performance.now();
        if (!mayBe || left > 0) await waitForAny(underWay, mayBe ? left : undefined, signal);
        else
          begin(probe).then(
            (response) => response.discard(),
            () => undefined, // What came of it is looked at above, as for the others.
          );
      }
    },
  };
}

function refused({ headers }: HttpResponse, host: string, scheme: string): Failure {
  const offered = [...new Set(challengesOf(headers.get("www-authenticate")).map((challenge) => challenge.scheme))];
  const other = offered.length === 0 ? "" : ` (it offers ${offered.join(", ")})`;
  return new Failure("unauthenticated", `${host} refused the sign-in with ${scheme}${other}.`, {
    wireCode: "HTTP 401",
    requestId: headers.get("request-id"),
    hint:
      "Check the user name and the password of this connection; they are tried only once, to avoid locking the account." +
      (scheme === "NTLM"
        ? " If they are right, a proxy or load balancer may terminate TLS before the server, which Extended Protection forbids."
        : ""),
  });
}

function again({ message, hint, wireCode }: Failure): Failure {
  return new Failure("unauthenticated", `${message.replace(/\.$/, "")}; the same credentials are not tried again.`, { hint, wireCode });
}

/** Resolves when one of these has ended, or the time is over. Throws Failure `cancelled`. */
function waitForAny(work: Iterable<Promise<void>>, milliseconds: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new Failure("cancelled", "The call was cancelled while it waited for another sign-in."));
    };
    const go = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    const timer = milliseconds === undefined ? undefined : setTimeout(go, milliseconds);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    for (const each of work) each.then(go);
  });
}
