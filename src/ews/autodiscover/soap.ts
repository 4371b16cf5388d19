import { Failure } from "../../failure.ts";
import { listOf, mapped, optional, qname, type Reader, readXml, record, text, within } from "../../wire/xml-read.ts";
import { element, type Xml, xmlDocument } from "../../wire/xml-write.ts";
import { s, soapNamespace } from "../namespaces.ts";
import { type Answer, httpAnswer, type Protocol, said, xmlLimits } from "./protocol.ts";

const namespace = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
const addressing = "http://www.w3.org/2005/08/addressing";
const a = (local: string) => qname(namespace, local);

/**
 * SOAP Autodiscover: GetUserSettings of Exchange 2010 and later.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getusersettings-operation-soap
 */
export const soap: Protocol = {
  name: "Autodiscover SOAP",
  signsIn: true,
  urlAt: (origin) => new URL("/autodiscover/autodiscover.svc", origin),
  request: (address, url) => ({
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8", Accept: "text/xml" },
    body: xmlDocument(request(address, url)),
  }),
  async read(response) {
    const carriesSoap = (response.status === 200 || response.status === 500) && /\bxml\b/i.test(response.headers.get("content-type") ?? "");
    if (!carriesSoap) return httpAnswer(response);
    return await readXml(response.body, s("Envelope"), envelope, xmlLimits);
  },
};

export function request(address: string, url: URL): Xml {
  const wanted = ["ExternalEwsUrl", "InternalEwsUrl", "EwsSupportedSchemas"];
  return element(
    "s:Envelope",
    { "xmlns:s": soapNamespace, "xmlns:a": namespace, "xmlns:w": addressing },
    element(
      "s:Header",
      undefined,
      // The oldest version that has these settings: every server takes it.
      element("a:RequestedServerVersion", undefined, "Exchange2010"),
      element("w:Action", undefined, `${namespace}/Autodiscover/GetUserSettings`),
      element("w:To", undefined, url.href),
    ),
    element(
      "s:Body",
      undefined,
      element(
        "a:GetUserSettingsRequestMessage",
        undefined,
        element(
          "a:Request",
          undefined,
          element("a:Users", undefined, element("a:User", undefined, element("a:Mailbox", undefined, address))),
          element("a:RequestedSettings", undefined, ...wanted.map((name) => element("a:Setting", undefined, name))),
          element("a:RequestedVersion", undefined, "Exchange2010"),
        ),
      ),
    ),
  );
}

interface Said {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

interface UserSaid extends Said {
  readonly target?: string | undefined;
  readonly settings?: readonly { readonly name?: string | undefined; readonly value?: string | undefined }[] | undefined;
}

const user: Reader<UserSaid> = record({
  code: optional(a("ErrorCode"), text),
  message: optional(a("ErrorMessage"), text),
  target: optional(a("RedirectTarget"), text),
  settings: optional(
    a("UserSettings"),
    listOf(a("UserSetting"), record({ name: optional(a("Name"), text), value: optional(a("Value"), text) })),
  ),
});

const body = record({
  fault: optional(s("Fault"), record({ text: optional(qname("", "faultstring"), text) })),
  response: optional(
    a("GetUserSettingsResponseMessage"),
    within(
      a("Response"),
      record({
        code: optional(a("ErrorCode"), text),
        message: optional(a("ErrorMessage"), text),
        users: optional(a("UserResponses"), listOf(a("UserResponse"), user)),
      }),
    ),
  ),
});

export const envelope: Reader<Answer> = mapped(record({ body: optional(s("Body"), body) }), ({ body: read }) => {
  if (read?.fault !== undefined) return nothing({ code: "a fault", message: read.fault.text });
  const { response } = read ?? {};
  if (response === undefined) throw new Failure("broken-reply", "It did not answer as Autodiscover does.");
  const [first] = response.users ?? [];
  if (response.code !== undefined && response.code !== "NoError" && first === undefined) return nothing(response);
  return first === undefined ? nothing(response) : answerOf(first);
});

function answerOf(found: UserSaid): Answer {
  const target = found.target?.trim() ?? "";
  if (found.code === "RedirectUrl" && target !== "") return { kind: "elsewhere", url: target };
  if (found.code === "RedirectAddress" && target !== "") return { kind: "address", address: target };
  const settingOf = (wanted: string) => found.settings?.find(({ name }) => name === wanted)?.value?.trim() ?? "";
  const urls = [settingOf("ExternalEwsUrl"), settingOf("InternalEwsUrl")].filter((url) => url !== "");
  if (urls.length === 0) return nothing(found);
  return {
    kind: "found",
    urls,
    schemas: settingOf("EwsSupportedSchemas")
      .split(/[\s,]+/)
      .filter((name) => name !== ""),
  };
}

function nothing({ code, message }: Said): Answer {
  const why = code === undefined || code === "NoError" ? "it names no URL" : `it answered ${said(code)}`;
  const wireCode = code === "NoError" ? undefined : said(code);
  const failure = code === "ServerBusy" ? "busy" : "refused";
  return {
    kind: "nothing",
    failure: new Failure(failure, `It knows no EWS: ${why}${message ? ` (${said(message)})` : ""}.`, { wireCode }),
  };
}
