import { Failure } from "../../failure.ts";
import { listOf, mapped, optional, qname, type Reader, readXml, record, text, trimmedText, within } from "../../wire/xml/read-xml.ts";
import { element, type Xml, xmlDocument } from "../../wire/xml/write-xml.ts";
import { s, soapNamespace } from "../namespaces.ts";
import { type Answer, type CandidateUrls, httpAnswer, oneLine, type Protocol, xmlLimits } from "./protocol.ts";

const namespace = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
const addressing = "http://www.w3.org/2005/08/addressing";
const a = (local: string) => qname(namespace, local);

/** Returns the value of a setting as the server wrote it; undefined where it returned none. */
export type SettingOf = (name: string) => string | undefined;

/** The requested settings, and a function that reads them; it returns undefined when none is present. */
interface SettingsRequest<Values extends object> {
  readonly settings: readonly string[];
  /** The oldest version that has the settings. */
  readonly version: string;
  readonly readSettings: (settingOf: SettingOf) => Values | undefined;
}

/**
 * SOAP Autodiscover: GetUserSettings of Exchange 2010 and later.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getusersettings-operation-soap
 */
export function soapFor<Values extends object>(requested: SettingsRequest<Values>): Protocol<Values> {
  const envelope = envelopeOf(requested.readSettings);
  return {
    name: "Autodiscover SOAP",
    signsIn: true,
    urlAt: (origin) => new URL("/autodiscover/autodiscover.svc", origin),
    request: async (address, url) => ({
      method: "POST",
      headers: { "Content-Type": "text/xml; charset=utf-8", Accept: "text/xml" },
      body: await xmlDocument(request(address, url, requested)),
    }),
    async read(response) {
      const carriesSoap =
        (response.status === 200 || response.status === 500) && /\bxml\b/i.test(response.headers.get("content-type") ?? "");
      if (!carriesSoap) return httpAnswer(response);
      return await readXml(response.body, s("Envelope"), envelope, xmlLimits);
    },
  };
}

/** The settings with the URL of EWS. Every server with SOAP Autodiscover accepts this version. */
export const endpointSettings: SettingsRequest<CandidateUrls> = {
  settings: ["ExternalEwsUrl", "InternalEwsUrl", "EwsSupportedSchemas"],
  version: "Exchange2010",
  readSettings(settingOf) {
    const urls = [settingOf("ExternalEwsUrl") ?? "", settingOf("InternalEwsUrl") ?? ""].filter((url) => url !== "");
    const schemas = (settingOf("EwsSupportedSchemas") ?? "").split(/[\s,]+/).filter((name) => name !== "");
    return urls.length === 0 ? undefined : { urls, schemas };
  },
};

export function request(
  address: string,
  url: URL,
  { settings, version }: Pick<SettingsRequest<object>, "settings" | "version"> = endpointSettings,
): Xml {
  return element(
    "s:Envelope",
    { "xmlns:s": soapNamespace, "xmlns:a": namespace, "xmlns:w": addressing },
    element(
      "s:Header",
      undefined,
      element("a:RequestedServerVersion", undefined, version),
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
          element("a:RequestedSettings", undefined, ...settings.map((name) => element("a:Setting", undefined, name))),
          element("a:RequestedVersion", undefined, version),
        ),
      ),
    ),
  );
}

interface SettingValues {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

interface UserResponse extends SettingValues {
  readonly target?: string | undefined;
  readonly settings?: readonly { readonly name?: string | undefined; readonly value?: string | undefined }[] | undefined;
}

const user: Reader<UserResponse> = record({
  code: optional(a("ErrorCode"), trimmedText),
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
        code: optional(a("ErrorCode"), trimmedText),
        message: optional(a("ErrorMessage"), text),
        users: optional(a("UserResponses"), listOf(a("UserResponse"), user)),
      }),
    ),
  ),
});

export function envelopeOf<Values extends object>(readSettings: SettingsRequest<Values>["readSettings"]): Reader<Answer<Values>> {
  return mapped(record({ body: optional(s("Body"), body) }), ({ body: read }) => {
    if (read?.fault !== undefined) return nothing({ code: "a fault", message: read.fault.text });
    const { response } = read ?? {};
    if (response === undefined) throw new Failure("broken-reply", "Its reply is not an Autodiscover reply.");
    const [first] = response.users ?? [];
    if (response.code !== undefined && response.code !== "NoError" && first === undefined) return nothing(response);
    return first === undefined ? nothing(response) : answerOf(first, readSettings);
  });
}

function answerOf<Values extends object>(found: UserResponse, readSettings: SettingsRequest<Values>["readSettings"]): Answer<Values> {
  const target = found.target?.trim() ?? "";
  if (found.code === "RedirectUrl" && target !== "") return { kind: "elsewhere", url: target };
  if (found.code === "RedirectAddress" && target !== "") return { kind: "address", address: target };
  const settingValues = readSettings((wanted) => found.settings?.find(({ name }) => name === wanted)?.value?.trim());
  return settingValues === undefined ? nothing(found) : { kind: "found", ...settingValues };
}

function nothing({ code, message }: SettingValues): Answer<never> {
  const why = code === undefined || code === "NoError" ? "it names no URL" : `it answered ${oneLine(code)}`;
  const wireCode = code === "NoError" ? undefined : oneLine(code);
  const failure = code === "ServerBusy" ? "busy" : "refused";
  return {
    kind: "nothing",
    failure: new Failure(failure, `It knows no EWS: ${why}${message ? ` (${oneLine(message)})` : ""}.`, { wireCode }),
  };
}

export const soap: Protocol = soapFor(endpointSettings);
