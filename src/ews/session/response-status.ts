import { fromAttribute, nameValues, optional, text, trimmedText } from "../../wire/xml/read-xml.ts";
import { m } from "../namespaces.ts";

/**
 * The fields of every response message. An operation adds its own: `record({ ...status, items: … })`.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
export const status = {
  responseClass: fromAttribute("ResponseClass"),
  messageText: optional(m("MessageText"), text),
  responseCode: optional(m("ResponseCode"), trimmedText),
  messageXml: optional(m("MessageXml"), nameValues),
} as const;

/** The values of `status`. */
export interface Status {
  readonly responseClass: string | undefined;
  readonly messageText?: string | undefined;
  readonly responseCode?: string | undefined;
  readonly messageXml?: readonly NameValue[] | undefined;
}

/** One leaf of a MessageXml. */
export interface NameValue {
  readonly element: string;
  readonly name: string | undefined;
  readonly text: string;
}
