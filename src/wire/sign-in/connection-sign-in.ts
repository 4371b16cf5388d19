import { Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import type { HttpConnection } from "../http/http-connection.ts";
import { neverReached, neverSent } from "../http/http-failure.ts";
import type { HttpRequest, HttpResponse } from "../http/request-and-response.ts";
import { challengesOf } from "./challenge.ts";
import { probeOf, type SignInGuard } from "./sign-in-guard.ts";

/** A scheme that signs in a connection, and thereby every later request on it. */
export interface ConnectionScheme {
  /** In the spelling of the headers. */
  readonly name: "NTLM" | "Negotiate";
  /** Whether the first message only asks for a challenge. It is sent with an empty request, so a large one is not sent twice. */
  readonly asksFirst: boolean;
  begin(url: URL): Handshake;
}

/** One sign-in on one connection. Messages are in base64. */
export interface Handshake {
  first(): Promise<string>;
  /** Returns our reply to a challenge; undefined if there is none left. Failure `broken-reply` for an invalid challenge. */
  next(challenge: string, connection: HttpConnection): Promise<string | undefined>;
}

/** A connection, and whether it is signed in. */
interface Slot {
  readonly number: number;
  signedIn: HttpConnection | undefined;
}

// The page that IIS sends with a 401 has some 1.5 kB; those of proxies are larger.
const maxRefusalBytes = 256 * 1024;
// Kerberos needs one message from us, NTLM two. A server that asks for more is broken or hostile.
const maxMessages = 4;
// The guard leaves no more probes unanswered.
const maxProbes = 2;

/** Returns a client that signs in each connection it uses, at most `maxConnections`. Repeats nothing that a server may have acted on. */
export function signInConnections(http: Http, scheme: ConnectionScheme, guard: SignInGuard, maxConnections: number): Http {
  const free: Slot[] = [];
  const waiting: ((slot: Slot) => void)[] = [];
  let count = 0;
  let probes = 0;

  function take(signal: AbortSignal | undefined): Slot | Promise<Slot> {
    const signedIn = free.findLastIndex((slot) => slot.signedIn?.isOpen === true);
    const [slot] = free.splice(signedIn < 0 ? free.length - 1 : signedIn, 1);
    if (slot !== undefined) return slot;
    if (count < maxConnections) return { number: count++, signedIn: undefined };
    return new Promise((resolve, reject) => {
      const granted = (given: Slot) => {
        signal?.removeEventListener("abort", stop);
        resolve(given);
      };
      const stop = () => {
        waiting.splice(waiting.indexOf(granted), 1);
        reject(neverReached(new Failure("cancelled", "The call was cancelled while it waited for a connection.")));
      };
      if (signal?.aborted) return reject(neverReached(new Failure("cancelled", "The call was cancelled.")));
      signal?.addEventListener("abort", stop, { once: true });
      waiting.push(granted);
    });
  }

  function release(slot: Slot): void {
    const next = waiting.shift();
    if (next === undefined) free.push(slot);
    else next(slot);
  }

  return {
    close: () => http.close(),
    async send(request) {
      const slot = await take(request.signal);
      try {
        const response = await sendIn(slot, request);
        response.ended.then(() => release(slot));
        return response;
      } catch (thrown) {
        release(slot);
        throw thrown;
      }
    },
  };

  async function sendIn(slot: Slot, request: HttpRequest): Promise<HttpResponse> {
    if (slot.signedIn?.isOpen === true) {
      const response = await sendOn(slot.signedIn, slot, request);
      if (response !== undefined && response.status !== 401) return kept(slot, response);
      // The server has forgotten the connection: it has not acted, and no password was wrong.
      if (response !== undefined) await readWhole(response);
    }
    slot.signedIn = undefined;
    // The probe has its own connection: the request may continue before the probe is answered.
    const probe = () => signIn({ number: maxConnections + (probes++ % maxProbes), signedIn: undefined }, probeOf(request));
    return guard.tried(() => signIn(slot, request), probe, request.signal);
  }

  /** Returns undefined if the connection was closed and the request was not sent. */
  async function sendOn(connection: HttpConnection, slot: Slot, request: HttpRequest): Promise<HttpResponse | undefined> {
    try {
      return await http.send({ ...request, slot: slot.number, on: connection });
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === "unreachable" && neverSent(thrown)) return undefined;
      throw thrown;
    }
  }

  async function signIn(slot: Slot, request: HttpRequest): Promise<HttpResponse> {
    // The server may close a connection between two messages; use another one.
    for (let tries = 1; tries <= 2; tries++) {
      const response = await handshake(slot, request);
      if (response !== undefined) return response;
    }
    throw new Failure("broken-reply", `${request.url.host} changed the connection during a sign-in with ${scheme.name}.`, {
      hint: "Check for a proxy or load balancer that closes or shares connections: NTLM and Negotiate need connections that stay open.",
    });
  }

  /** Returns undefined if the connection was closed before the request itself was sent, or if the server lost its own state. */
  async function handshake(slot: Slot, request: HttpRequest): Promise<HttpResponse | undefined> {
    const steps = scheme.begin(request.url);
    let message = await steps.first();
    let connection: HttpConnection | undefined;
    if (scheme.asksFirst) {
      const first = { ...request, ...withMessage(request, message), body: undefined, name: "sign-in", slot: slot.number };
      const requested = await http.send(first);
      await readWhole(requested);
      if (requested.status !== 401) return unsigned(requested.connection, slot, request);
      const answer = await answerTo(requested, steps);
      if (answer === undefined) throw notOffered(requested, request.url.host);
      message = answer;
      connection = requested.connection;
    }
    for (let messages = 1; ; messages++) {
      const sent = { ...request, ...withMessage(request, message) };
      const response: HttpResponse | undefined =
        connection === undefined ? await http.send({ ...sent, slot: slot.number }) : await sendOn(connection, slot, sent);
      if (response === undefined || response.status !== 401) return response && kept(slot, response);
      const answer = messages < maxMessages ? await answerTo(response, steps) : undefined;
      if (answer === undefined) return response;
      await readWhole(response);
      message = answer;
      connection = response.connection;
    }
  }

  /**
   * Sends the request without sign-in, since the server asked for none. Returns undefined if the server asks after all, or the connection was
   * closed.
   */
  async function unsigned(connection: HttpConnection, slot: Slot, request: HttpRequest): Promise<HttpResponse | undefined> {
    const response = await sendOn(connection, slot, request);
    if (response?.status !== 401) return response;
    await readWhole(response);
    return undefined;
  }

  function withMessage({ headers }: HttpRequest, message: string): Pick<HttpRequest, "headers"> {
    return { headers: { ...headers, authorization: `${scheme.name} ${message}` } };
  }

  async function answerTo({ headers, connection }: HttpResponse, steps: Handshake): Promise<string | undefined> {
    const offered = challengesOf(headers.get("www-authenticate")).find((one) => one.scheme === scheme.name.toLowerCase());
    return offered?.token === undefined ? undefined : steps.next(offered.token, connection);
  }

  /** Records whether the connection stays signed in: it does unless the server says otherwise (MS-N2HT section 2.2.2: Persistent-Auth). */
  function kept(slot: Slot, response: HttpResponse): HttpResponse {
    const persists = response.headers.get("persistent-auth")?.trim().toLowerCase() !== "false";
    slot.signedIn = persists ? response.connection : undefined;
    return response;
  }

  function notOffered({ headers }: HttpResponse, host: string): Failure {
    const offered = challengesOf(headers.get("www-authenticate")).map((one) => one.scheme);
    const what = offered.length === 0 ? "nothing" : [...new Set(offered)].join(", ");
    return new Failure("unauthenticated", `${host} does not accept ${scheme.name} (it offers ${what}).`, {
      wireCode: "HTTP 401",
      hint: "Choose a sign-in scheme that the server offers, or auth: auto. No secret was sent.",
    });
  }
}

/** Reads the reply to free the connection for the next message. */
async function readWhole(response: HttpResponse): Promise<void> {
  await response.text(maxRefusalBytes);
  await response.ended;
}
