import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Failure } from "../../failure.ts";
import type { Http } from "./client-interface.ts";
import { connectionOf } from "./http-connection.ts";
import { failureAt, failureOf, type RequestStage } from "./http-failure.ts";
import { openResponse } from "./http-response.ts";
import { openTransport, type TlsOptions, type Transport } from "./http-transport.ts";
import { type Observe, observeRequests } from "./observe-http.ts";
import { type ProxyRules, proxyFor } from "./proxy-rules.ts";
import { proxyRefusal } from "./proxy-tunnel.ts";
import type { HttpRequest, HttpResponse } from "./request-and-response.ts";

export { droppedWhileIdle, neverSent } from "./http-failure.ts";

export interface HttpTimeouts {
  /** Milliseconds until the connection is open, TLS included. */
  readonly connectMs: number;
  /** Milliseconds from the request's last byte until the reply begins. */
  readonly replyMs: number;
  /** Milliseconds between two pieces of the request or the reply. */
  readonly idleMs: number;
  /** Milliseconds for the body of one reply, from its first byte to its last. Default: 15 minutes. */
  readonly totalMs?: number | undefined;
}

/** 150 MB, the largest message of Exchange Online, takes 15 minutes over a line of 1.4 Mbit/s. */
const defaultTotalMs = 15 * 60_000;
/** Five times the size of such a message in base64. */
const defaultMaxReplyBytes = 1024 * 1024 * 1024;

export interface HttpOptions {
  /** Certificates (PEM) of authorities to trust in addition to the well-known ones. */
  readonly ca?: string | undefined;
  readonly tls?: Omit<TlsOptions, "ca"> | undefined;
  /** Default: every connection is direct. */
  readonly proxy?: ProxyRules | undefined;
  readonly timeouts: HttpTimeouts;
  /** Maximum number of connections to one server at a time; further requests wait. */
  readonly maxConnections: number;
  /** Maximum size of one decoded reply, in bytes. Default: 1 GiB. A longer reply is Failure `broken-reply`. */
  readonly maxReplyBytes?: number | undefined;
  /** Called for every request and its reply; never gets a body or a secret. */
  readonly observe?: Observe | undefined;
}

/** Opens a client that keeps connections open and reuses them. Loads Node's modules at the first request. */
export function openHttp(options: HttpOptions): Http {
  const { maxConnections, timeouts, maxReplyBytes = defaultMaxReplyBytes } = options;
  const tls = { ...options.tls, ca: options.ca };
  const transports = new Map<string, Promise<Transport>>();
  const transportTo = ({ url, slot }: HttpRequest): Promise<Transport> => {
    const proxy = options.proxy === undefined ? undefined : proxyFor(url, options.proxy);
    const key = `${url.protocol}${slot ?? ""} ${proxy?.url.href ?? ""}`;
    const limits = slot === undefined ? { maxConnections, showsCertificate: false } : { maxConnections: 1, showsCertificate: true };
    const made = transports.get(key) ?? openTransport(url.protocol, proxy, { ...limits, connectMs: timeouts.connectMs, tls });
    transports.set(key, made);
    return made;
  };
  const http: Http = {
    async send(request) {
      return new Exchange(await transportTo(request), request, timeouts, maxReplyBytes).send();
    },
    close() {
      for (const transport of transports.values()) {
        transport.then(
          ({ agent }) => agent.destroy(),
          () => undefined, // Whoever sent a request was told why there is none.
        );
      }
      transports.clear();
    },
  };
  return options.observe === undefined ? http : observeRequests(http, options.observe);
}

const totalHint = "Request less at a time, or raise timeouts.idle_seconds or timeouts.total_seconds if the connection is slow.";
const bytesHint = "Check the server and the proxies in between. If a message is that large, raise max_reply_megabytes.";

/** Sockets that are or were connected. */
const connectedSockets = new WeakSet<Socket>();

/** One request while it is sent and answered. */
class Exchange {
  readonly #request: HttpRequest;
  readonly #timeouts: HttpTimeouts;
  readonly #maxReplyBytes: number;
  readonly #transport: Transport;
  readonly #host: string;
  #stage: RequestStage = "connecting";
  /** Why this client ended the request: a later error of the socket is only a consequence. */
  #reason: Failure | undefined;
  /** Ends the wait for the reply: Node does not report the end of a request that still waits for its connection. */
  #giveUp: ((reason: Failure) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: Transport, request: HttpRequest, timeouts: HttpTimeouts, maxReplyBytes: number) {
    this.#transport = transport;
    this.#request = request;
    this.#timeouts = timeouts;
    this.#maxReplyBytes = maxReplyBytes;
    this.#host = request.url.host;
  }

  async send(): Promise<HttpResponse> {
    const { signal } = this.#request;
    if (signal?.aborted) throw this.#cancelled();
    const outgoing = this.#start();
    const abort = () => this.#stop(outgoing, this.#cancelled());
    signal?.addEventListener("abort", abort, { once: true });
    const finished = () => {
      clearTimeout(this.#timer);
      signal?.removeEventListener("abort", abort);
    };
    const ended = new Promise<void>((resolve) => outgoing.once("close", resolve));
    outgoing.once("close", finished);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      this.#giveUp = reject;
      outgoing.once("response", resolve);
      // Keep this listener: errors after the reply began go to the reader of the body.
      outgoing.on("error", (thrown) => reject(this.#reason ?? failureOf(thrown, this.#stage, this.#host)));
    });
    this.#watchConnection(outgoing);
    await Promise.race([this.#upload(outgoing), answered]);
    const incoming = await answered;
    clearTimeout(this.#timer);
    const proxy = this.#transport.forwardedBy;
    if (proxy !== undefined && incoming.statusCode === 407) {
      const refusal = proxyRefusal(407, proxy, this.#host);
      this.#stop(outgoing, refusal);
      throw refusal;
    }
    this.#stage = "answering";
    const { idleMs, totalMs = defaultTotalMs } = this.#timeouts;
    const limits = { idleMs, totalMs, maxBytes: this.#maxReplyBytes };
    return openResponse(incoming, ended, limits, {
      stop: (reason) => this.#stop(outgoing, reason),
      failure: (thrown) => this.#reason ?? failureOf(thrown, "answering", this.#host),
      timeout: (what) => failureAt("answering", "timeout", `${this.#host} ${what}.`, undefined, { hint: totalHint }),
      tooMuch: (what) => failureAt("answering", "broken-reply", `${this.#host} ${what}.`, undefined, { hint: bytesHint }),
    });
  }

  #start(): ClientRequest {
    const { url, method, headers, body } = this.#request;
    const length = body === undefined ? {} : { "content-length": String(body.size) };
    try {
      return this.#transport.request(url, {
        method,
        agent: this.#transport.agent,
        headers: { "accept-encoding": "gzip", ...headers, ...length },
      });
    } catch (cause) {
      throw failureAt("connecting", "invalid-input", "A header of the request contains a character that cannot be sent.", cause);
    }
  }

  #stop(outgoing: ClientRequest, reason: Failure): void {
    this.#reason ??= reason;
    outgoing.destroy(reason);
    this.#giveUp?.(this.#reason);
  }

  #cancelled(): Failure {
    return failureAt(this.#ownStage(), "cancelled", "The call was cancelled.");
  }

  /** The stage for a request that this client ended: the server did not drop the connection then. */
  #ownStage(): RequestStage {
    return this.#stage === "stale" ? "sent" : this.#stage;
  }

  #limit(outgoing: ClientRequest, ms: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stop(outgoing, failureAt(this.#ownStage(), "timeout", `${this.#host} ${what} within ${ms / 1000} s.`));
    }, ms);
  }

  #watchConnection(outgoing: ClientRequest): void {
    outgoing.once("socket", (socket) => {
      const { on } = this.#request;
      if (on !== undefined && connectionOf(socket) !== on) {
        // Nothing was written yet: Node writes after the event that names the connection.
        return this.#stop(outgoing, failureAt("connecting", "unreachable", `${this.#host} has closed the connection.`));
      }
      // `reusedSocket` is true only for an idle connection, not for one that an answered request hands to a waiting one.
      if (outgoing.reusedSocket || connectedSockets.has(socket)) {
        this.#stage = "stale";
        this.#limitReply(outgoing);
        return;
      }
      this.#limit(outgoing, this.#timeouts.connectMs, "could not be connected to");
      socket.once(this.#transport.isSecure ? "secureConnect" : "connect", () => {
        connectedSockets.add(socket);
        this.#stage = "sent";
        this.#limitReply(outgoing);
      });
    });
  }

  #limitReply(outgoing: ClientRequest): void {
    if (this.#stage !== "sent" && this.#stage !== "stale") return;
    if (outgoing.writableFinished) this.#limit(outgoing, this.#request.timeoutMs ?? this.#timeouts.replyMs, "did not answer");
    else this.#limit(outgoing, this.#timeouts.idleMs, "did not take the request");
  }

  async #upload(outgoing: ClientRequest): Promise<void> {
    outgoing.once("finish", () => this.#limitReply(outgoing));
    try {
      if (this.#request.body !== undefined) {
        for await (const bytes of this.#request.body.open()) {
          if (outgoing.destroyed) return;
          if (!outgoing.write(bytes)) await waitForDrain(outgoing);
          this.#limitReply(outgoing);
        }
      }
      outgoing.end();
    } catch (thrown) {
      // The source of the body failed. The request is cut off, so the server cannot take it for complete.
      this.#stop(
        outgoing,
        thrown instanceof Failure ? thrown : new Failure("internal", "The body of a request could not be read.", { cause: thrown }),
      );
    }
  }
}

function waitForDrain(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.on("drain", go);
    outgoing.on("close", go);
  });
}
