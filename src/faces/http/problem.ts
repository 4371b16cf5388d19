import { type ErrorNoun, errorNoun } from "../../catalogue/answer-envelope.ts";
import { Failure, type FailureCode, failures } from "../../failure.ts";
import { harmlessJson } from "../../text/harmless-json.ts";

/** A reply, before it is one of a library. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Details of a refusal in addition to its failure. */
export interface ProblemDetails {
  readonly requestId: string;
  /** The status, if the status of the failure's code does not fit. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further members, such as those of an answer. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A failed sign-in of the connection's account cannot be solved by the caller: a client that reads 401 would discard its API key.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.6.3
 */
export const statusOfAnswer: { readonly [code in FailureCode]?: number } = { unauthenticated: 502 };

/** A failure of the request, or that of an answer, as problem details. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(failure: Failure | ErrorNoun, { requestId, status, headers, members }: ProblemDetails): Reply {
  const noun = failure instanceof Failure ? errorNoun(failure) : failure;
  const answered = failure instanceof Failure ? undefined : statusOfAnswer[noun.code];
  const chosenStatus = status ?? answered ?? failures[noun.code].status;
  const document = {
    type: problemType(noun.code),
    title: titleOf(noun.code),
    status: chosenStatus,
    detail: noun.message,
    instance: `urn:mailcordon:request:${requestId}`,
    code: noun.code,
    hint: noun.hint,
    retryable: noun.retryable,
    wire_code: noun.wire_code,
    request_id: requestId,
    // Id from the mail server, for its logs.
    server_request_id: noun.request_id,
    ...members,
  };
  return {
    status: chosenStatus,
    body: harmlessJson(document),
    headers: {
      "content-type": "application/problem+json",
      // RFC 9110 section 11.6.1: every 401 has one.
      ...(chosenStatus === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...headers,
    },
  };
}

export function problemType(code: FailureCode): string {
  return `urn:mailcordon:failure:${code}`;
}

/** `not-found` -> `Not found`. */
export function titleOf(code: FailureCode): string {
  const words = code.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
