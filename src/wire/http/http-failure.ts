import { Failure, type FailureCode, type FailureDetails } from "../../failure.ts";

/** How far a request came: before its first byte could have been sent, after it, or into the body of the reply. */
export type RequestStage = "connecting" | "sent" | "stale" | "answering";

const unsent = new WeakSet<Failure>();
const stale = new WeakSet<Failure>();
const replyless = new WeakSet<Failure>();

/** Returns true if the request of this failure certainly never reached the server, so it is safe to repeat whatever it does. */
export function neverSent(failure: Failure): boolean {
  return unsent.has(failure);
}

/** Returns true if the request may have reached the server and no byte of a reply came back. */
export function hadNoReply(failure: Failure): boolean {
  return replyless.has(failure);
}

/** Returns a server's text as one line of at most 300 characters. Every message text in Microsoft's documentation fits. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Marks a failure as having come before the request was sent, and returns it. */
export function neverReached(failure: Failure): Failure {
  unsent.add(failure);
  return failure;
}

/**
 * Returns true if a kept-open connection was dropped before any byte of the reply. Most likely the server closed it because it was idle, but it may
 * have done the request.
 */
export function droppedWhileIdle(failure: Failure): boolean {
  return stale.has(failure);
}

/** Creates a failure that belongs to this stage of a request. */
export function failureAt(stage: RequestStage, code: FailureCode, message: string, cause?: unknown, details: FailureDetails = {}): Failure {
  const failure = new Failure(code, message, { ...details, cause });
  if (stage === "connecting") unsent.add(failure);
  if (stage === "stale") stale.add(failure);
  if (stage === "stale" || stage === "sent") replyless.add(failure);
  return failure;
}

/** The meaning of TLS errors of Node and OpenSSL (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const tlsErrorTexts: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate was revoked",
  CERT_UNTRUSTED: "its certificate is not trusted",
  CERT_SIGNATURE_FAILURE: "the signature of its certificate is wrong",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself and not by a known authority",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT: "the authority that signed its certificate is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the authority that signed its certificate is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the authority that signed its certificate is not known here",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  HOSTNAME_MISMATCH: "its certificate is for another name",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "it speaks no version of TLS that we accept",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "it speaks no version of TLS that we accept",
  EPROTO: "it does not speak TLS as we do, or not at all",
};

// OpenSSL's numbers of the two errors above, for which Node reports only EPROTO.
const noCommonVersion = /:error:0A00(?:042E|0102):/;

const networkErrorTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refused the connection",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be resolved at the moment",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to its network",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "it closed the connection at once",
};

function codeOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return "";
  if (thrown.code === "EPROTO" && thrown instanceof Error && noCommonVersion.test(thrown.message)) return "ERR_SSL_UNSUPPORTED_PROTOCOL";
  return typeof thrown.code === "string" ? thrown.code : "";
}

/** Returns the failure of a request to `host` that got this error at this stage. Its message contains nothing of the request but the host. */
export function failureOf(thrown: unknown, stage: RequestStage, host: string): Failure {
  if (thrown instanceof Failure) return thrown;
  const code = codeOf(thrown);
  switch (stage) {
    case "connecting": {
      const tls =
        tlsErrorTexts[code] ?? (/^(?:ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|CRL_|INVALID_PURPOSE|PATH_LENGTH)/.test(code) ? code : undefined);
      if (tls !== undefined) return failureAt(stage, "tls-failed", `No secure connection to ${host}: ${tls}.`, thrown);
      return failureAt(stage, "unreachable", `No connection to ${host}: ${networkErrorTexts[code] ?? (code || "unknown reason")}.`, thrown);
    }
    case "sent":
      return failureAt(stage, "broken-reply", `${host} ended the connection before it answered.`, thrown);
    case "stale":
      return failureAt(
        stage,
        "broken-reply",
        `${host} closed a kept-open connection, either while it was idle or before it answered.`,
        thrown,
      );
    case "answering":
      return failureAt(stage, "broken-reply", `The reply of ${host} ended too early or is broken.`, thrown);
  }
}
