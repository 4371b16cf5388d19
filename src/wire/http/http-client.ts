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
  /** Milliseconds until connected, TLS included. */
  readonly connectMs: number;
  /** Milliseconds from the request's last byte until the answer begins. */
  readonly replyMs: number;
  /** Milliseconds between two pieces of the request or of the answer. */
  readonly idleMs: number;
  /** Milliseconds that are waited for the body of one answer, from its beginning to its end; default 15 minutes. */
  readonly totalMs?: number | undefined;
}

/** 150 MB, the largest message of Exchange Online, take 15 minutes over a line of 1.4 Mbit/s. */
const defaultTotalMs = 15 * 60_000;
/** Such a message in base64 is a fifth of it. */
const defaultMaxReplyBytes = 1024 * 1024 * 1024;

export interface HttpOptions {
  /** Certificates (PEM) of authorities to trust besides the well-known ones. */
  readonly ca?: string | undefined;
  readonly tls?: Omit<TlsOptions, "ca"> | undefined;
  /** Without, every server is reached directly. */
  readonly proxy?: ProxyRules | undefined;
  readonly timeouts: HttpTimeouts;
  /** Connections to one server at once; further requests wait for one. */
  readonly maxConnections: number;
  /** Bytes of one answer, decoded; default 1 GiB. A longer one is Failure `broken-reply`. */
  readonly maxReplyBytes?: number | undefined;
  /** Told of every request and its reply; never of a body or a secret. */
  readonly observe?: Observe | undefined;
}

/** A client with connections that are kept open and used again. Node's modules are loaded when the first request needs them. */
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

/** Connections that stand, or stood. */
const connectedSockets = new WeakSet<Socket>();

/** One request on its way. */
class Exchange {
  readonly #request: HttpRequest;
  readonly #timeouts: HttpTimeouts;
  readonly #maxReplyBytes: number;
  readonly #transport: Transport;
  readonly #host: string;
  #stage: RequestStage = "connecting";
  /** Why we ended it ourselves: what the socket says then is only a consequence. */
  #reason: Failure | undefined;
  /** Ends the wait for the answer: a request that waits for its connection is not told of its end by Node. */
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
      // Stays for errors that come after the answer began: those reach the reader of the body.
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

  /** For what we end ourselves: then it was not the server that dropped the connection. */
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
        // Nothing was written yet: Node writes after it has said which connection it is.
        return this.#stop(outgoing, failureAt("connecting", "unreachable", `${this.#host} has closed the connection.`));
      }
      // Node calls reused only what lay idle, not what is handed from an answered request to one that waited for it.
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
      // The source of the body failed, so the request is cut off; the server cannot take it for whole.
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
