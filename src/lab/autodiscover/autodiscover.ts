import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { authenticate } from "../ews/sign-in/authenticate.ts";
import type { LabRequest } from "../request-log.ts";
import type { User } from "../store/organisation.ts";
import type { Store } from "../store/store.ts";
import { el, parseXml, textEl, type XmlElement, XmlError } from "../xml.ts";
import { type MailboxSettings, mailboxSettings } from "./autodiscover-settings.ts";

export type AutodiscoverProtocol = "json" | "soap" | "pox";

/** How Autodiscover deliberately behaves. The first rule that matches a request applies; without one the reply is true. */
export interface AutodiscoverRule {
  /** Requested host, without port. Default: every host. */
  readonly host?: string | undefined;
  /** Default: every protocol. `probe`: a plain GET of autodiscover.xml. */
  readonly protocol?: AutodiscoverProtocol | "probe" | undefined;
  readonly behave: AutodiscoverBehaviour;
}

export type AutodiscoverBehaviour =
  /** Replies with a status and no content. */
  | { readonly kind: "refuse"; readonly status: number }
  /** Redirects by HTTP. A redirect to itself is a loop. */
  | { readonly kind: "redirect"; readonly location: string; readonly status?: 301 | 302 | 303 | 307 | 308 | undefined }
  /** Redirects by an element of the protocol. */
  | { readonly kind: "redirect-url"; readonly url: string }
  | { readonly kind: "redirect-address"; readonly address: string }
  /** Reports these URLs, true or not. */
  | { readonly kind: "answer"; readonly external?: string | undefined; readonly internal?: string | undefined }
  /** Replies with the protocol's own error: an ErrorCode of JSON or SOAP, a number for POX. */
  | { readonly kind: "error"; readonly code: string }
  /** Replies with any content and status 200. */
  | { readonly kind: "content"; readonly type: string; readonly body: string }
  /** Replies with an endless body, until the client gives up. */
  | { readonly kind: "huge" };

export interface AutodiscoverOptions {
  /** The URL of EWS that it reports. */
  readonly externalUrl: string;
  readonly internalUrl?: string | undefined;
  /** EwsSupportedSchemas. */
  readonly schemas?: readonly string[] | undefined;
  /** Whether it reports the public folder mailboxes, as Exchange 2013 and later do. Default: true. */
  readonly publicFolders?: boolean | undefined;
  /** Read at each request. */
  readonly rules: readonly AutodiscoverRule[];
  readonly store: Store;
  readonly tokens: Readonly<Record<string, string>>;
  log(request: LabRequest): void;
}

export type AutodiscoverHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const schemasOfSe = [
  ...["Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2"],
  ...["Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016"],
];

const namespaces = {
  soap: "http://schemas.xmlsoap.org/soap/envelope/",
  autodiscover: "http://schemas.microsoft.com/exchange/2010/Autodiscover",
  poxRequest: "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006",
  poxResponse: "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006",
  outlook: "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a",
} as const;

/** Handles the three services of Autodiscover over one store; undefined for any other path. */
export function autodiscoverAt(path: string, options: AutodiscoverOptions): AutodiscoverHandler | undefined {
  const at = path.toLowerCase();
  if (at.startsWith("/autodiscover/autodiscover.json/v1.0/"))
    return (request, response) => answerAutodiscover("json", options, request, response);
  if (at === "/autodiscover/autodiscover.svc") return (request, response) => answerAutodiscover("soap", options, request, response);
  if (at === "/autodiscover/autodiscover.xml") return (request, response) => answerAutodiscover("pox", options, request, response);
  return undefined;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string;
}

async function answerAutodiscover(
  protocol: AutodiscoverProtocol,
  options: AutodiscoverOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const caller = authenticate(options.store, request.headers.authorization, options.tokens);
  const requested = protocol === "pox" && request.method === "GET" ? "probe" : protocol;
  response.once("close", () => options.log(logged(requested, request, response, caller, body.length)));
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const rule = options.rules.find(
    (one) => (one.host === undefined || one.host === host) && (one.protocol === undefined || one.protocol === requested),
  );
  const behave = rule?.behave;
  if (behave?.kind === "huge") return await writeEndlessBody(requested, response);
  const reply = behave === undefined ? undefined : deliberateReply(behave);
  const { status, headers, body: text } = reply ?? withoutWrongReplies(requested, options, request, body.toString("utf8"), caller, behave);
  response.writeHead(status, { "Content-Length": Buffer.byteLength(text), ...headers }).end(text);
}

/** Returns a deliberate reply that does not depend on the request. */
function deliberateReply(behave: AutodiscoverBehaviour): Reply | undefined {
  switch (behave.kind) {
    case "refuse":
      return { status: behave.status, headers: behave.status === 401 ? challenge : {}, body: "" };
    case "redirect":
      return { status: behave.status ?? 302, headers: { Location: behave.location }, body: "" };
    case "content":
      return { status: 200, headers: { "Content-Type": behave.type }, body: behave.body };
    default:
      return undefined;
  }
}

const challenge = { "WWW-Authenticate": 'Basic realm="Autodiscover of the mailcordon lab"' } as const;

function withoutWrongReplies(
  requested: AutodiscoverProtocol | "probe",
  options: AutodiscoverOptions,
  request: IncomingMessage,
  body: string,
  caller: User | undefined,
  behave: AutodiscoverBehaviour | undefined,
): Reply {
  if (requested === "json") return answerJson(options, request, behave);
  if (caller === undefined) return { status: 401, headers: challenge, body: "" };
  if (requested === "probe" || request.method !== "POST") return { status: 405, headers: { Allow: "POST" }, body: "" };
  if (!/^text\/xml\b/i.test(request.headers["content-type"] ?? "")) return { status: 415, body: "" };
  try {
    const root = parseXml(body);
    const text = requested === "soap" ? answerSoap(options, root, behave) : answerPox(options, root, behave);
    return { status: 200, headers: { "Content-Type": "text/xml; charset=utf-8" }, body: text };
  } catch (error) {
    if (error instanceof XmlError || error instanceof BadRequest) return { status: 400, body: "" };
    throw error;
  }
}

class BadRequest extends Error {}

/** @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxdscli/78530279-d042-4eb0-a1f4-03b18143cd19 */
function answerJson(options: AutodiscoverOptions, request: IncomingMessage, behave: AutodiscoverBehaviour | undefined): Reply {
  const url = new URL(request.url ?? "", "https://lab.invalid");
  const address = decodeURIComponent(url.pathname.split("/")[4] ?? "");
  const answer = (status: number, value: unknown): Reply => ({
    status,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  });
  if (behave?.kind === "error") return answer(400, { ErrorCode: behave.code, ErrorMessage: "An error on purpose." });
  const protocol = url.searchParams.get("Protocol") ?? "";
  if (protocol.toLowerCase() !== "ews") {
    return answer(400, {
      ErrorCode: "InvalidProtocol",
      ErrorMessage: `The given protocol value '${protocol}' is invalid. Supported values are 'EWS'`,
    });
  }
  const { external } = serviceUrlsOf(options, behave);
  // The real service returns a URL even for unknown addresses: it names a server for the domain, not a mailbox.
  if (!address.includes("@")) return answer(400, { ErrorCode: "UserNotFound", ErrorMessage: "The address is invalid." });
  return answer(200, { Protocol: "EWS", Url: external });
}

function serviceUrlsOf(options: AutodiscoverOptions, behave: AutodiscoverBehaviour | undefined) {
  if (behave?.kind === "answer") return { external: behave.external, internal: behave.internal };
  return { external: options.externalUrl, internal: options.internalUrl };
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getusersettings-operation-soap */
function answerSoap(options: AutodiscoverOptions, root: XmlElement, behave: AutodiscoverBehaviour | undefined): string {
  const ofSoap = (name: string) => root.children.find((child) => child.ns === namespaces.soap && child.name === name);
  const of = (parent: XmlElement | undefined, name: string) =>
    parent?.children.find((child) => child.ns === namespaces.autodiscover && child.name === name);
  const version = of(ofSoap("Header"), "RequestedServerVersion");
  const request = of(of(ofSoap("Body"), "GetUserSettingsRequestMessage"), "Request");
  const address = of(of(of(request, "Users"), "User"), "Mailbox")?.text.trim();
  if (root.ns !== namespaces.soap || root.name !== "Envelope" || version === undefined || address === undefined) throw new BadRequest();
  const wanted = of(request, "RequestedSettings")?.children.map((setting) => setting.text.trim()) ?? [];
  const { external, internal } = serviceUrlsOf(options, behave);
  const settings = settingsOf(options, address);
  const known: Readonly<Record<string, string | undefined>> = {
    AutoDiscoverSMTPAddress: settings?.address,
    InternalRpcClientServer: settings?.server,
    PublicFolderInformation: settings?.publicFolders,
    ExternalEwsUrl: external,
    InternalEwsUrl: internal,
    EwsSupportedSchemas: (options.schemas ?? schemasOfSe).join(", "),
  };
  const given = wanted.flatMap((name) => {
    const value = Object.hasOwn(known, name) ? known[name] : undefined;
    return value === undefined ? [] : [el("UserSetting", { "i:type": "StringSetting" }, textEl("Name", name), textEl("Value", value))];
  });
  const [code, target] = soapOutcome(settings, behave);
  const user = el(
    "UserResponse",
    {},
    textEl("ErrorCode", code),
    textEl("ErrorMessage", code === "NoError" ? "No error." : code),
    target === undefined ? el("RedirectTarget", { "i:nil": "true" }) : textEl("RedirectTarget", target),
    el("UserSettingErrors", {}),
    el("UserSettings", {}, ...(code === "NoError" ? given : [])),
  );
  return (
    `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${namespaces.soap}"><s:Header/><s:Body>` +
    `<GetUserSettingsResponseMessage xmlns="${namespaces.autodiscover}"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">` +
    `<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>${user}</UserResponses></Response>` +
    `</GetUserSettingsResponseMessage></s:Body></s:Envelope>`
  );
}

function soapOutcome(
  settings: MailboxSettings | undefined,
  behave: AutodiscoverBehaviour | undefined,
): readonly [string, string | undefined] {
  switch (behave?.kind) {
    case "error":
      return [behave.code, undefined];
    case "redirect-url":
      return ["RedirectUrl", behave.url];
    case "redirect-address":
      return ["RedirectAddress", behave.address];
    default:
      return [settings === undefined ? "InvalidUser" : "NoError", undefined];
  }
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/pox-autodiscover-request-for-exchange */
function answerPox(options: AutodiscoverOptions, root: XmlElement, behave: AutodiscoverBehaviour | undefined): string {
  const request = root.child("Request");
  const address = request?.textAt("EMailAddress")?.trim();
  if (root.ns !== namespaces.poxRequest || root.name !== "Autodiscover" || address === undefined) throw new BadRequest();
  const envelope = (response: string) =>
    `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${namespaces.poxResponse}">${response}</Autodiscover>`;
  const error = (code: string, message: string) =>
    envelope(el("Response", {}, el("Error", { Time: "00:00:00.0000000", Id: "1" }, textEl("ErrorCode", code), textEl("Message", message))));
  if (request?.textAt("AcceptableResponseSchema")?.trim() !== namespaces.outlook) return error("601", "Provider is not available");
  if (behave?.kind === "error") return error(behave.code, "An error on purpose.");
  const settings = settingsOf(options, address);
  const user = settings && el("User", {}, textEl("AutoDiscoverSMTPAddress", settings.address));
  const account = (...children: readonly string[]) =>
    envelope(el("Response", { xmlns: namespaces.outlook }, user ?? "", el("Account", {}, textEl("AccountType", "email"), ...children)));
  if (behave?.kind === "redirect-url") return account(textEl("Action", "redirectUrl"), textEl("RedirectUrl", behave.url));
  if (behave?.kind === "redirect-address") return account(textEl("Action", "redirectAddr"), textEl("RedirectAddr", behave.address));
  if (settings === undefined) return error("500", "The e-mail address cannot be found.");
  const { external, internal } = serviceUrlsOf(options, behave);
  const protocol = (type: string, server: string | undefined, url: string | undefined) =>
    el("Protocol", {}, textEl("Type", type), textEl("Server", server), textEl("ASUrl", url), textEl("EwsUrl", url));
  return account(
    textEl("Action", "settings"),
    protocol("EXCH", settings.server, internal),
    protocol("EXPR", undefined, external),
    settings.publicFolders === undefined ? "" : el("PublicFolderInformation", {}, textEl("SmtpAddress", settings.publicFolders)),
  );
}

function settingsOf({ store, publicFolders = true }: AutodiscoverOptions, address: string): MailboxSettings | undefined {
  const found = mailboxSettings(store, address);
  return publicFolders ? found : found && { ...found, publicFolders: undefined };
}

/** Writes well-formed content, so only its size stops a reader. */
async function writeEndlessBody(requested: AutodiscoverProtocol | "probe", response: ServerResponse): Promise<void> {
  const isJson = requested === "json";
  const inXml =
    requested === "soap"
      ? `<s:Envelope xmlns:s="${namespaces.soap}"><s:Body>`
      : `<Autodiscover xmlns="${namespaces.poxResponse}"><Response xmlns="${namespaces.outlook}">`;
  response.writeHead(200, { "Content-Type": isJson ? "application/json" : "text/xml" });
  response.write(isJson ? '{"Protocol":"' : inXml);
  const piece = (isJson ? "x" : "<User>x</User>").repeat(8192);
  while (!response.destroyed) {
    if (response.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off("drain", go);
        response.off("close", go);
        resolve();
      };
      response.on("drain", go);
      response.on("close", go);
    });
  }
}

function logged(
  requested: string,
  request: IncomingMessage,
  response: ServerResponse,
  caller: User | undefined,
  bytesIn: number,
): LabRequest {
  const headers = Object.entries(request.headersDistinct).filter(([name]) => !/^(?:authorization|cookie|proxy-authorization)$/.test(name));
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    operation: `autodiscover ${requested}`,
    caller: caller?.address,
    acting: undefined,
    anchorMailbox: undefined,
    status: response.statusCode,
    bytesIn,
    bytesOut: 0,
    headers: Object.fromEntries(headers.map(([name, values]) => [name, (values ?? []).join(", ")])),
    requestId: randomUUID(),
  };
}
