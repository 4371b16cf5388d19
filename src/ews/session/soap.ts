import { randomUUID } from "node:crypto";
import type { Call } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import { failed, type Outcome } from "../../outcome.ts";
import type { Http } from "../../wire/http/client-interface.ts";
import { neverSent } from "../../wire/http/http-client.ts";
import type { HttpResponse } from "../../wire/http/request-and-response.ts";
import type { TokenFacts } from "../../wire/sign-in/token-claims.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import {
  fromAttribute,
  mapped,
  nameValues,
  optional,
  type QName,
  qname,
  type Reader,
  readXml,
  readXmlStream,
  record,
  required,
  type Streamed,
  text,
  trimmedText,
} from "../../wire/xml/read-xml.ts";
import { element, type Xml, xmlDocument } from "../../wire/xml/write-xml.ts";
import { failureOf } from "../failures.ts";
import type { PublicRoute } from "../folders/public-folder-routes.ts";
import { e, m, messagesNamespace, s, soapNamespace, t, typesNamespace } from "../namespaces.ts";
import type { Operation } from "../operation.ts";
import { type Endpoint, requestVersions } from "./endpoint.ts";
import { httpFailure, mayExplainOnPage, readErrorPage } from "./http-failures.ts";
import type { Status } from "./response-status.ts";

/** The name by which the account identifies the mailbox that it acts for (`t:ConnectingSID`). */
export type ConnectingName = "SmtpAddress" | "PrimarySmtpAddress" | "PrincipalName" | "SID";

/** The mailbox that a request is for. */
export interface Target {
  /** SMTP address of the mailbox, by which Exchange routes the request (`X-AnchorMailbox`). */
  readonly mailbox: string | undefined;
  /** Present when the account acts as the mailbox's owner. */
  readonly impersonate?: { readonly by: ConnectingName; readonly name: string } | undefined;
  /** Route of a request about public folders. */
  readonly route?: PublicRoute | undefined;
}

export interface SoapOptions {
  readonly endpoint: Endpoint;
  readonly http: Http;
  /** Returns the headers that authenticate us, before each request, where `http` does not. */
  readonly authorize?: (() => Promise<Record<string, string>>) | undefined;
  /** Returns the claims of the token that requests are sent with, where there is one. */
  readonly token?: (() => TokenFacts | undefined) | undefined;
  readonly userAgent: string;
  /** Receives the server's version with each reply. */
  readonly onServerVersion?: ((version: ServerVersion) => void) | undefined;
}

/** The server's statement of its version. */
export interface ServerVersion {
  /** Such as `V2017_07_11`. Servers return versions that no schema lists. */
  readonly version?: string | undefined;
  readonly major?: string | undefined;
  readonly minor?: string | undefined;
  readonly build?: string | undefined;
}

/** SOAP at one URL, one request per call. The callers decide about retries. */
export interface Soap {
  /** The version in the last reply that had one. */
  readonly serverVersion: () => ServerVersion | undefined;
  /** Sends one request and returns an Outcome for each response message. Throws Failure for a fault and for every failure below SOAP. */
  call<In, Out>(operation: Operation<In, Out>, input: In, target: Target, call: Call): Promise<readonly Outcome<Out>[]>;
  /** As `call`, for a reply with one large content; its value is the Outcomes. */
  stream<In, Out>(
    operation: Operation<In, Out>,
    input: In,
    content: readonly QName[],
    target: Target,
    call: Call,
  ): Promise<Streamed<readonly Outcome<Out>[]>>;
}

/** A page of a thousand messages, or a batch of 20 with bodies, has some megabytes. No more than this is held in memory; contents are streamed. */
const maxHeldBytes = 128 * 1024 * 1024;

/** A web server may append a page of its own to a complete envelope. Only the envelope comes from EWS. */
const limits = { dropsRest: true } as const;

/** The parts of a reply: the server's version, and a fault or the operation's outcomes. */
interface Envelope<Out> {
  readonly version: ServerVersion | undefined;
  readonly fault: Failure | undefined;
  readonly outcomes: readonly Outcome<Out>[] | undefined;
}

export function openSoap(options: SoapOptions): Soap {
  let serverVersion: ServerVersion | undefined;

  const { endpoint } = options;

  /** Sends to the URL of EWS. If EWS is no longer at a remembered URL, looks it up again. The request is carried out once either way. */
  async function send<In, Out>(requested: SoapRequest<In, Out>, version: string): Promise<HttpResponse> {
    for (;;) {
      const url = await endpoint.url(requested.call.signal);
      try {
        return await sendTo(url, requested, version);
      } catch (thrown) {
        if (!(thrown instanceof Failure) || !didNotReachEws(thrown, requested.operation.safety) || !endpoint.isElsewhere(url)) throw thrown;
      }
    }
  }

  async function sendTo<In, Out>(
    url: URL,
    { operation, input, target, call }: SoapRequest<In, Out>,
    version: string,
  ): Promise<HttpResponse> {
    const body = await xmlDocument(envelope(operation.write(input), target, version));
    const response = await options.http.send({
      url,
      method: "POST",
      name: operation.name,
      headers: {
        ...(await options.authorize?.()),
        "Content-Type": "text/xml; charset=utf-8",
        Accept: "text/xml",
        "Accept-Encoding": "gzip",
        "User-Agent": options.userAgent,
        "client-request-id": randomUUID(),
        "return-client-request-id": "true",
        ...routingHeaders(target),
      },
      body,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
      ...(call.progress === undefined ? {} : { progress: call.progress }),
    });
    // A fault is a 500 with SOAP. Any other reply that is not a 200 never came from EWS.
    const carriesSoap = (response.status === 200 || response.status === 500) && /\bxml\b/i.test(response.headers.get("content-type") ?? "");
    if (carriesSoap) return response;
    const page = mayExplainOnPage(response.status) ? await readErrorPage(response) : "";
    response.discard();
    const isKnown = serverVersion !== undefined;
    throw (await explained(response, target)) ?? httpFailure(response, { page, requestBytes: body.size, isKnown });
  }

  async function explained(response: HttpResponse, { mailbox }: Target): Promise<Failure | undefined> {
    const token = options.token?.();
    return token && (await import("./online-failures.ts")).onlineFailure(response, { token, mailbox });
  }

  /** Returns the Outcomes of a reply, each Failure with the server's id of the request. Throws the fault. */
  function outcomesOf<Out>(reply: Envelope<Out>, response: HttpResponse, { name, target }: RequestIdentity): readonly Outcome<Out>[] {
    serverVersion = reply.version ?? serverVersion;
    if (reply.version !== undefined) options.onServerVersion?.(reply.version);
    const requestId = response.headers.get("request-id");
    if (reply.fault !== undefined) throw withRequestId(explainImpersonation(reply.fault, target), requestId);
    if (reply.outcomes === undefined)
      throw new Failure("broken-reply", `The reply has neither a fault nor ${name}Response.`, { requestId });
    return reply.outcomes.map((outcome) =>
      outcome.ok ? outcome : failed(withRequestId(explainImpersonation(outcome.failure, target), requestId)),
    );
  }

  return {
    serverVersion: () => serverVersion,
    call: (operation, input, target, call) =>
      negotiated(call, async (version) => {
        const response = await send({ operation, input, target, call }, version);
        return outcomesOf(
          await readXml(response.body, s("Envelope"), envelopeReader(operation), { ...limits, maxBytes: maxHeldBytes }),
          response,
          { name: operation.name, target },
        );
      }),
    stream: (operation, input, content, target, call) =>
      negotiated(call, async (version) => {
        const response = await send({ operation, input, target, call }, version);
        const streamed = await readXmlStream(response.body, s("Envelope"), envelopeReader(operation), content, limits);
        const value = async () => outcomesOf(await streamed.value(), response, { name: operation.name, target });
        if (streamed.content !== undefined) return { content: streamed.content, value };
        const only = await value();
        return { content: undefined, value: () => Promise.resolve(only) };
      }),
  };

  /** Retries with an older version, which is remembered, when the server does not know our version: it has done nothing. */
  async function negotiated<T>(call: Call, work: (version: string) => Promise<T>): Promise<T> {
    for (;;) {
      // Autodiscover also returns the versions that the server accepts.
      await endpoint.url(call.signal);
      const version = endpoint.requestVersion();
      try {
        return await work(version);
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.wireCode !== "ErrorInvalidServerVersion" || !endpoint.older(version)) throw thrown;
      }
    }
  }
}

function routingHeaders({ mailbox, route }: Target): Record<string, string> {
  const anchor = route?.anchor ?? mailbox;
  return {
    ...(anchor === undefined ? {} : { "X-AnchorMailbox": anchor }),
    ...(route?.mailbox === undefined ? {} : { "X-PublicFolderMailbox": route.mailbox }),
  };
}

/** The parts of one request. */
interface SoapRequest<In, Out> {
  readonly operation: Operation<In, Out>;
  readonly input: In;
  readonly target: Target;
  readonly call: Call;
}

/**
 * Tells whether the request did not reach EWS at this URL and may go to another. A 404 or a redirect may also be a proxy's replacement for the reply
 * to a request that was carried out, so a request that must not be done twice is not sent again after these.
 */
function didNotReachEws(failure: Failure, safety: RepeatSafety): boolean {
  if (neverSent(failure)) return failure.code === "unreachable" || failure.code === "tls-failed" || failure.code === "timeout";
  return safety !== "never" && /^HTTP (?:404|3\d\d)$/.test(failure.wireCode ?? "");
}

/**
 * Writes a whole request, with the impersonation header where the account acts as the mailbox's owner.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exchangeimpersonation
 */
export function envelope(operation: Xml, { impersonate }: Target, version: string = requestVersions[0]): Xml {
  return element(
    "s:Envelope",
    { "xmlns:s": soapNamespace, "xmlns:t": typesNamespace, "xmlns:m": messagesNamespace },
    element(
      "s:Header",
      undefined,
      element("t:RequestServerVersion", { Version: version }),
      impersonate === undefined
        ? undefined
        : element(
            "t:ExchangeImpersonation",
            undefined,
            element("t:ConnectingSID", undefined, element(`t:${impersonate.by}`, undefined, impersonate.name)),
          ),
      // Without this header times are cut to seconds, and the order within a second is undefined.
      element("t:DateTimePrecision", undefined, "Milliseconds"),
    ),
    element("s:Body", undefined, operation),
  );
}

const versionInfo: Reader<ServerVersion> = record({
  version: fromAttribute("Version"),
  major: fromAttribute("MajorVersion"),
  minor: fromAttribute("MinorVersion"),
  build: fromAttribute("MajorBuildNumber"),
});

/** The content of a fault. */
interface Fault extends Pick<Status, "messageXml"> {
  readonly responseCode: string;
  readonly messageText: string;
  readonly faultString: string;
}

/** The parts of a fault are in no namespace (SOAP 1.1, section 4.4); the parts of Microsoft's detail are in their own. */
const fault: Reader<Fault> = mapped(
  record({
    faultCode: optional(qname("", "faultcode"), text),
    faultString: optional(qname("", "faultstring"), text),
    detail: optional(
      qname("", "detail"),
      record({
        responseCode: optional(e("ResponseCode"), trimmedText),
        message: optional(e("Message"), text),
        messageXml: optional(t("MessageXml"), nameValues),
      }),
    ),
  }),
  ({ faultCode = "", faultString = "", detail }) => ({
    // Without a detail, the code is a qualified name: a:ErrorSchemaValidation.
    responseCode: detail?.responseCode ?? faultCode.slice(faultCode.indexOf(":") + 1).trim(),
    messageText: detail?.message ?? faultString,
    messageXml: detail?.messageXml,
    faultString,
  }),
);

/**
 * Converts a fault to a Failure. Servers other than Exchange reply to an unknown operation with a fault that has no Exchange code but contains the
 * operation's name, which is not a word of any language.
 */
function failureOfFault<In, Out>(soapFault: Fault, { name, instead }: Operation<In, Out>): Failure {
  if (/^Error/.test(soapFault.responseCode) || !soapFault.faultString.split(/[^A-Za-z]+/).includes(name)) return failureOf(soapFault);
  return new Failure("unsupported", `This server does not know the operation ${name}.`, {
    wireCode: soapFault.responseCode,
    hint: instead,
  });
}

function envelopeReader<In, Out>(operation: Operation<In, Out>): Reader<Envelope<Out>> {
  return mapped(
    record({
      header: optional(s("Header"), record({ version: optional(t("ServerVersionInfo"), versionInfo) })),
      body: required(
        s("Body"),
        record({ fault: optional(s("Fault"), fault), outcomes: optional(m(`${operation.name}Response`), operation.read) }),
      ),
    }),
    ({ header, body }) => ({
      version: header?.version,
      fault: body.fault && failureOfFault(body.fault, operation),
      outcomes: body.outcomes,
    }),
  );
}

/** The operation and the target of a request. */
interface RequestIdentity {
  readonly name: string;
  readonly target: Target;
}

/**
 * Explains a failure of the impersonation header. Exchange has one code for a missing header and a forbidden one, so the request decides which it is.
 * A token that acts for a person (or an agent's user) forbids the header; a token of an application demands it, as the table of failures says.
 */
function explainImpersonation(failure: Failure, { impersonate }: Target): Failure {
  if (failure.wireCode !== "ErrorInvalidExchangeImpersonationHeaderData" || impersonate === undefined) return failure;
  return new Failure("access-denied", failure.message, {
    wireCode: failure.wireCode,
    hint:
      "This sign-in may not impersonate: its token acts for a person, whose rights as a delegate count. Set access: delegate (--access delegate), " +
      "or sign in as an application. If it is an application, check how the mailbox is named (impersonate_by).",
    cause: failure.cause,
  });
}

function withRequestId(failure: Failure, requestId: string | undefined): Failure {
  if (requestId === undefined || failure.requestId !== undefined) return failure;
  const { code, message, hint, wireCode, backOffMs, concurrency, cause } = failure;
  return new Failure(code, message, { hint, wireCode, backOffMs, concurrency, cause, requestId });
}
