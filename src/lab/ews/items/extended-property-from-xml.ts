import type { XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import { type ExtendedPath, isArray, pathXml, readPath } from "../search/property-path.ts";
import { wireTime } from "./extended-properties.ts";

/** Reads t:ExtendedProperty: its path, and the value as it is stored. Throws ItemError for a value that does not fit the type. */
export function readExtendedValue(element: XmlElement): { readonly path: ExtendedPath; readonly value: string | readonly string[] } {
  const pathElement = element.child("ExtendedFieldURI");
  const path = pathElement === undefined ? undefined : readPath(pathElement);
  if (path?.kind !== "extended") throw new ItemError("ErrorInvalidExtendedProperty", "The extended property is not named.");
  const values = element.child("Values")?.children.map(({ text }) => text);
  if (isArray(path.type) !== (values !== undefined)) {
    throw new ItemError("ErrorInvalidExtendedPropertyValue", "One value or several: the property's type says which.", pathXml(path));
  }
  const given = values ?? element.child("Value")?.text ?? "";
  checkValue(path, values ?? [element.child("Value")?.text ?? ""]);
  return { path, value: typeof given === "string" ? asStored(path, given) : given.map((one) => asStored(path, one)) };
}

function checkValue(path: ExtendedPath, values: readonly string[]): void {
  const isNumber = /^(Integer|Long|Short|Double|Float|Currency)/.test(path.type);
  for (const value of values) {
    const text = value.trim();
    const isWrong =
      (isNumber && (text === "" || Number.isNaN(Number(text)))) ||
      (path.type.startsWith("Boolean") && !/^(true|false|0|1)$/.test(text)) ||
      (path.type.startsWith("SystemTime") && Number.isNaN(Date.parse(text)));
    if (isWrong) throw new ItemError("ErrorInvalidExtendedPropertyValue", "The value does not fit the property's type.", pathXml(path));
  }
}

/** Values are stored by their type, not as text, so a client may read a text other than the one it wrote: a time in UTC, `true` for `1`. */
function asStored({ type }: ExtendedPath, value: string): string {
  if (type.startsWith("SystemTime")) return wireTime(new Date(value.trim()));
  return type.startsWith("Boolean") ? String(/^(?:true|1)$/.test(value.trim())) : value;
}
