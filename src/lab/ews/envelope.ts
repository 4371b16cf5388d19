import { el, esc, type XmlElement } from "../xml.ts";
import { type Content, errorsNamespace, Fault, flatten, messagesNamespace, soapNamespace, typesNamespace } from "./operation.ts";
import { type Product, serverVersions } from "./versions.ts";

const xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance";
const xsdNamespace = "http://www.w3.org/2001/XMLSchema";

/** The values in the SOAP headers of a request. */
export interface RequestHeaders {
  readonly version: string | undefined;
  readonly timeZone: string | undefined;
  /** The impersonated user, and the kind of name. */
  readonly impersonated: { readonly kind: string; readonly value: string } | undefined;
}

/** A request without its envelope. */
export interface ReadEnvelope {
  readonly headers: RequestHeaders;
  /** The one child of s:Body. */
  readonly operation: XmlElement;
}

const invalidRequest = (why: string): Fault => new Fault("ErrorInvalidRequest", `The request is invalid. ${why}`);

/** Reads an envelope. Throws Fault `ErrorInvalidRequest` if it is not a SOAP 1.1 envelope with one operation. */
export function readEnvelope(root: XmlElement): ReadEnvelope {
  if (root.ns !== soapNamespace || root.name !== "Envelope") throw invalidRequest("The root element is not a SOAP 1.1 Envelope.");
  const body = root.children.find((child) => child.ns === soapNamespace && child.name === "Body");
  const operation = body?.children[0];
  if (operation === undefined || body?.children.length !== 1) throw invalidRequest("The SOAP body must hold exactly one operation.");
  const header = root.children.find((child) => child.ns === soapNamespace && child.name === "Header");
  const ofTypes = (name: string): XmlElement | undefined =>
    header?.children.find((child) => child.ns === typesNamespace && child.name === name);
  const sid = ofTypes("ExchangeImpersonation")?.child("ConnectingSID")?.children[0];
  return {
    headers: {
      version: ofTypes("RequestServerVersion")?.attributes.get("Version"),
      timeZone: ofTypes("TimeZoneContext")?.child("TimeZoneDefinition")?.attributes.get("Id"),
      impersonated: sid && { kind: sid.name, value: sid.text.trim() },
    },
    operation,
  };
}

const declaration = `<?xml version="1.0" encoding="utf-8"?>`;

/** A whole reply around the inner XML of its body. */
export function replyEnvelope(content: Content, product: Product): Iterable<string | Uint8Array> {
  const { major, minor, majorBuild, minorBuild, schema } = serverVersions[product];
  const version = el("h:ServerVersionInfo", {
    MajorVersion: major,
    MinorVersion: minor,
    MajorBuildNumber: majorBuild,
    MinorBuildNumber: minorBuild,
    Version: schema,
    "xmlns:h": typesNamespace,
  });
  return flatten([
    `${declaration}<s:Envelope xmlns:s="${soapNamespace}"><s:Header>${version}</s:Header>`,
    `<s:Body xmlns:xsi="${xsiNamespace}" xmlns:xsd="${xsdNamespace}" xmlns:m="${messagesNamespace}" xmlns:t="${typesNamespace}">`,
    content,
    "</s:Body></s:Envelope>",
  ]);
}

/** A whole reply for a request that failed as a whole. Faults carry no ServerVersionInfo. */
export function faultEnvelope(fault: Fault): string {
  const messageXml = fault.messageXml === undefined ? "" : `<t:MessageXml xmlns:t="${typesNamespace}">${fault.messageXml}</t:MessageXml>`;
  return (
    `${declaration}<s:Envelope xmlns:s="${soapNamespace}"><s:Body><s:Fault><faultcode xmlns:a="${typesNamespace}">a:${fault.code}</faultcode>` +
    `<faultstring xml:lang="en-US">${esc(fault.faultString ?? fault.message)}</faultstring><detail>` +
    `<e:ResponseCode xmlns:e="${errorsNamespace}">${fault.code}</e:ResponseCode>` +
    `<e:Message xmlns:e="${errorsNamespace}">${esc(fault.message)}</e:Message>${messageXml}</detail></s:Fault></s:Body></s:Envelope>`
  );
}

/** Returns the reply of a server other than Exchange to an unknown operation: a fault without Exchange's detail. */
export function unknownRequest(operation: string): string {
  return (
    `${declaration}<SOAP:Envelope xmlns:SOAP="${soapNamespace}" xmlns:xsi="${xsiNamespace}" xmlns:xsd="${xsdNamespace}"><SOAP:Header/><SOAP:Body><SOAP:Fault>` +
    `<faultcode xsi:type="xsd:string">Server</faultcode><faultstring xsi:type="xsd:string">Unknown request '${esc(operation)}'.</faultstring>` +
    "</SOAP:Fault></SOAP:Body></SOAP:Envelope>"
  );
}

/** Returns the schema fault, with position and problem as elements, not as t:Value. */
export function schemaFault(problem: { readonly line: number; readonly column: number; readonly violation: string }): Fault {
  return new Fault(
    "ErrorSchemaValidation",
    "The request failed schema validation.",
    `<t:LineNumber>${problem.line}</t:LineNumber><t:LinePosition>${problem.column}</t:LinePosition><t:Violation>${esc(problem.violation)}</t:Violation>`,
    `The request failed schema validation: ${problem.violation}`,
  );
}
