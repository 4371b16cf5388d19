import { type QName, qname } from "../wire/xml/read-xml.ts";

/** SOAP 1.1. */
export const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/";
/** Requests and replies of the operations. */
export const messagesNamespace = "http://schemas.microsoft.com/exchange/services/2006/messages";
/** Types within requests and replies. */
export const typesNamespace = "http://schemas.microsoft.com/exchange/services/2006/types";
/** The detail of a fault. */
export const errorsNamespace = "http://schemas.microsoft.com/exchange/services/2006/errors";

export function s(local: string): QName {
  return qname(soapNamespace, local);
}

export function m(local: string): QName {
  return qname(messagesNamespace, local);
}

export function t(local: string): QName {
  return qname(typesNamespace, local);
}

export function e(local: string): QName {
  return qname(errorsNamespace, local);
}
