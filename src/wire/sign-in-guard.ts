import { createHmac, randomBytes } from "node:crypto";
import { Failure } from "../failure.ts";
import { challengesOf } from "./challenge.ts";
import type { HttpResponse } from "./http.ts";

/**
 * Keeps wrong passwords from locking an account: what a server refused once is not sent to it again by this process, and until a server
 * has taken the credentials only one request at a time goes there with them. A server refuses within a second or two; one that says nothing for
 * longer is busy with the request (a mailbox that does not answer), which must not hold up all others: then another one goes, three at most.
 */
export interface SignInGuard {
  /**
   * `send` sends once with the credentials. Its answer, unless that is 401.
   * @throws Failure `unauthenticated` when the server refuses, and from then on without sending; `cancelled` while it waits for another
   */
  tried(send: () => Promise<HttpResponse>, signal: AbortSignal | undefined): Promise<HttpResponse>;
}

// A lock-out policy counts within minutes; whoever was let in less than a minute ago has not mistyped.
const provenMs = 60_000;

/** No server takes as long to refuse a password. Milliseconds. */
const patienceMs = 10_000;
/** Fewer than any lock-out policy counts. */
const mostUnanswered = 3;

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

  return {
    async tried(send, signal) {
      for (;;) {
        if (refusal !== undefined) throw again(refusal);
        if (performance.now() < provenUntil) return attempt(send);
        if (underWay.size === 0) break;
        const mayBe = underWay.size < mostUnanswered;
        const left = lastBegan + patienceMs - performance.now();
        if (mayBe && left <= 0) break;
        await oneOf(underWay, mayBe ? left : undefined, signal);
      }
      lastBegan = performance.now();
      const attempted = attempt(send);
      const over = attempted.then(
        () => undefined,
        () => undefined, // Who attempted is told; the others look at what came of it.
      );
      const noted = over.finally(() => underWay.delete(noted));
      underWay.add(noted);
      return attempted;
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
      "Check the user name and the password of this connection; they are tried once, so that no account is locked." +
      (scheme === "NTLM"
        ? " When they are right: TLS may end before the server (a proxy or load balancer), which Extended Protection forbids."
        : ""),
  });
}

function again({ message, hint, wireCode }: Failure): Failure {
  return new Failure("unauthenticated", `${message.replace(/\.$/, "")}; the same credentials are not tried again.`, { hint, wireCode });
}

/** Resolves when one of these has ended, or the time is over. Throws Failure `cancelled`. */
function oneOf(work: Iterable<Promise<void>>, milliseconds: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new Failure("cancelled", "The call was cancelled while another one signed in."));
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
