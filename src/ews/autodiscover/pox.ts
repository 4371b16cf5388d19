import { Failure } from "../../failure.ts";
import { many, mapped, optional, qname, type Reader, readXml, record, text, trimmedText, within } from "../../wire/xml/read-xml.ts";
import { element, type Xml, xmlDocument } from "../../wire/xml/write-xml.ts";
import { type Answer, httpAnswer, oneLine, type Protocol, xmlLimits } from "./protocol.ts";

const requestNamespace = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
const envelopeNamespace = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const outlookNamespace = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
const o = (local: string) => qname(outlookNamespace, local);
const e = (local: string) => qname(envelopeNamespace, local);

/** Reads the settings; undefined when none is present. */
type ReadSettings<Values extends object> = (settings: PoxSettings) => Values | undefined;

/**
 * Plain old XML Autodiscover (POX): the oldest protocol, which every Exchange supports.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange
 */
export function poxFor<Values extends object>(readSettings: ReadSettings<Values>): Protocol<Values> {
  const document = documentOf(readSettings);
  return {
    name: "Autodiscover POX",
    signsIn: true,
    urlAt: (origin) => new URL("/autodiscover/autodiscover.xml", origin),
    request: async (address) => ({
      method: "POST",
      headers: { "Content-Type": "text/xml; charset=utf-8", Accept: "text/xml" },
      body: await xmlDocument(request(address)),
    }),
    async read(response) {
      if (response.status !== 200 || !/\bxml\b/i.test(response.headers.get("content-type") ?? "")) return httpAnswer(response);
      return await readXml(response.body, e("Autodiscover"), document, xmlLimits);
    },
  };
}

function request(address: string): Xml {
  return element(
    "Autodiscover",
    { xmlns: requestNamespace },
    element(
      "Request",
      undefined,
      element("EMailAddress", undefined, address),
      element("AcceptableResponseSchema", undefined, outlookNamespace),
    ),
  );
}

const problem = record({ code: optional(e("ErrorCode"), trimmedText), message: optional(e("Message"), text) });
const outlookProblem = record({ code: optional(o("ErrorCode"), trimmedText), message: optional(o("Message"), text) });

const account = record({
  action: optional(o("Action"), text),
  url: optional(o("RedirectUrl"), text),
  address: optional(o("RedirectAddr"), text),
  publicFolders: optional(o("PublicFolderInformation"), within(o("SmtpAddress"), text)),
  protocols: many(
    o("Protocol"),
    record({ type: optional(o("Type"), text), server: optional(o("Server"), text), ewsUrl: optional(o("EwsUrl"), text) }),
  ),
});

/** The settings of a mailbox that mailcordon uses. */
export interface PoxSettings {
  /** `AutoDiscoverSMTPAddress`. */
  readonly address: string | undefined;
  readonly publicFolders: string | undefined;
  /** `type` is in capitals. */
  readonly protocols: readonly { readonly type: string; readonly server: string | undefined; readonly ewsUrl: string | undefined }[];
}

/** Settings are in the namespace of Outlook, an error usually in that of the envelope. */
const documentOf = <Values extends object>(readSettings: ReadSettings<Values>): Reader<Answer<Values>> =>
  mapped(
    record({
      response: optional(
        o("Response"),
        record({
          user: optional(o("User"), within(o("AutoDiscoverSMTPAddress"), text)),
          account: optional(o("Account"), account),
          error: optional(o("Error"), outlookProblem),
        }),
      ),
      refusal: optional(e("Response"), record({ error: optional(e("Error"), problem) })),
    }),
    ({ response, refusal }) => {
      const error = response?.error ?? refusal?.error;
      if (error !== undefined) return nothing(`it answered ${oneLine(error.code) || "an error"}`, error.message, oneLine(error.code));
      const found = response?.account;
      if (found === undefined) throw new Failure("broken-reply", "Its reply is not an Autodiscover reply.");
      switch (found.action?.trim().toLowerCase()) {
        case "redirecturl":
          return found.url ? { kind: "elsewhere", url: found.url.trim() } : nothing("it redirects without a target");
        case "redirectaddr":
          return found.address
            ? { kind: "address", address: found.address.trim() }
            : nothing("it redirects to another address without naming it");
        default: {
          const protocols = found.protocols.map(({ type, server, ewsUrl }) => ({
            type: type?.trim().toUpperCase() ?? "",
            server: server?.trim(),
            ewsUrl: ewsUrl?.trim(),
          }));
          const settings = { address: response?.user?.trim(), publicFolders: found.publicFolders?.trim(), protocols };
          const settingOf = readSettings(settings);
          return settingOf === undefined ? nothing("it names no URL") : { kind: "found", ...settingOf };
        }
      }
    },
  );

function nothing(why: string, message?: string, wireCode = ""): Answer<never> {
  const text = `It knows no EWS: ${why}${message ? ` (${oneLine(message)})` : ""}.`;
  return { kind: "nothing", failure: new Failure("refused", text, { wireCode: wireCode === "" ? undefined : wireCode }) };
}

export const pox: Protocol = poxFor(({ protocols }) => {
  // EXPR is for access from outside, EXCH for access from inside.
  const urls = ["EXPR", "EXCH"].flatMap((type) => protocols.filter((one) => one.type === type).map(({ ewsUrl }) => ewsUrl ?? ""));
  const named = urls.filter((url) => url !== "");
  return named.length > 0 ? { urls: named, schemas: [] } : undefined;
});
