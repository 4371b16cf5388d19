import { Failure, type FailureCode, type FailureDetails } from "../../failure.ts";

/** How far a request came: before or after its first byte could have left, or into the body of the answer. */
export type RequestStage = "connecting" | "sent" | "stale" | "answering";

const unsent = new WeakSet<Failure>();
const stale = new WeakSet<Failure>();
const replyless = new WeakSet<Failure>();

/** True when the request of this failure certainly never reached the server, so that repeating it is safe whatever it is. */
export function neverSent(failure: Failure): boolean {
  return unsent.has(failure);
}

/** True when the request may have reached the server, and nothing of a reply came back: no status, no byte. */
export function hadNoReply(failure: Failure): boolean {
  return replyless.has(failure);
}

/** A server's text in one line of at most 300 characters, which hold every message text that Microsoft's documentation shows. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Says of a failure that it came before the request was sent at all, and gives it back. */
export function neverReached(failure: Failure): Failure {
  unsent.add(failure);
  return failure;
}

/**
 * True when a connection that had been kept open was dropped before any byte of the answer: most likely the server closed it for being
 * idle, but it may have done the request.
 */
export function droppedWhileIdle(failure: Failure): boolean {
  return stale.has(failure);
}

/** A failure that is known to stand for a request at this stage. */
export function failureAt(stage: RequestStage, code: FailureCode, message: string, cause?: unknown, details: FailureDetails = {}): Failure {
  const failure = new Failure(code, message, { ...details, cause });
  if (stage === "connecting") unsent.add(failure);
  if (stage === "stale") stale.add(failure);
  if (stage === "stale" || stage === "sent") replyless.add(failure);
  return failure;
}

/** What a system or OpenSSL error means, in words (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
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

// OpenSSL's own numbers of the two errors above, for when Node calls both EPROTO.
const noCommonVersion = /:error:0A00(?:042E|0102):/;

const networkErrorTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refused the connection",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be resolved for now",
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

/** The failure of a request to `host` that got this error at this stage. Its message holds nothing of the request but the host. */
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
