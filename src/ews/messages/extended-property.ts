import { element, type Xml } from "../../wire/xml/write-xml.ts";

/** An extended property that holds text, identified by MAPI tag or by a name in a property set. */
export type TextProperty =
  | { readonly tag: string }
  | { readonly set: string; readonly name: string }
  | { readonly distinguishedSet: "InternetHeaders"; readonly name: string };

/**
 * Properties that a message keeps of From (PidTagSentRepresenting…) and Sender (PidTagSender…) beside the addresses themselves.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/
 */
export const fromName: TextProperty = { tag: "0x0042" };
export const senderName: TextProperty = { tag: "0x0C1A" };
export const fromSmtpAddress = { tag: "0x5D02" } as const satisfies TextProperty;
export const senderSmtpAddress = { tag: "0x5D01" } as const satisfies TextProperty;
/** PidTagTransportMessageHeaders: the headers with which a message was received. Drafts and sent messages have none. */
export const transportHeaders = { tag: "0x007D" } as const satisfies TextProperty;

/** Writes the path of an extended text property, for a Restriction, a shape or an update. */
export function extendedField(property: TextProperty): Xml {
  const attributes =
    "tag" in property
      ? { PropertyTag: property.tag }
      : "set" in property
        ? { PropertySetId: property.set, PropertyName: property.name }
        : { DistinguishedPropertySetId: property.distinguishedSet, PropertyName: property.name };
  return element("t:ExtendedFieldURI", { ...attributes, PropertyType: "String" });
}
