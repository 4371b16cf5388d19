import { createHmac, randomBytes } from "node:crypto";
import { Failure } from "../../failure.ts";
import type { HttpRequest, HttpResponse } from "../http/request-and-response.ts";
import { challengesOf } from "./challenge.ts";

/**
 * Keeps wrong passwords from locking an account. Credentials that a server refused once are not sent to it again by this process. Until a server
 * has accepted the credentials, only one request at a time is sent with them. A server refuses within a second or two. If it stays silent for
 * longer, it is busy with the request (a mailbox that does not answer); an empty request then tests the credentials, so the others need not wait.
 * At most three are unanswered.
 */
export interface SignInGuard {
  /**
   * Calls `send`, which sends once with the credentials, and returns its reply unless the status is 401. `probe` sends an empty request with them,
   * which reaches no mailbox.
   * @throws Failure `unauthenticated` if the server refuses, and from then on without sending; `cancelled` while it waits for another request
   */
  tried(send: () => Promise<HttpResponse>, probe: () => Promise<HttpResponse>, signal: AbortSignal | undefined): Promise<HttpResponse>;
}

// A lock-out policy counts within minutes; an account that was accepted less than a minute ago has no mistyped password.
const provenMs = 60_000;

/** In milliseconds. Servers refuse a password sooner. One that does not is still asked at most three times. */
const maxSilenceMs = 3000;
/** Fewer than any lock-out policy counts. */
const maxUnanswered = 3;

const guards = new Map<string, SignInGuard>();
/** Compares passwords without keeping them. */
const key = randomBytes(32);

/**
 * Returns the guard shared by everything in this process that signs in to this server with this account and scheme. `scheme` is for the failure's
 * text.
 */
export function guardOf(server: string, scheme: string, account: string, secret: string): SignInGuard {
  const name = JSON.stringify([server, scheme, account, createHmac("sha256", key).update(secret).digest("base64")]);
  const known = guards.get(name) ?? openGuard(new URL(server).host, scheme);
  guards.set(name, known);
  return known;
}

/**
 * Returns an empty request to the same address, which tests the credentials. It has the same method, since some servers challenge only POST, and no
 * header that names a mailbox, since that mailbox may not answer.
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

  /** Sends a request, on whose result the others wait, up to three at a time. */
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
