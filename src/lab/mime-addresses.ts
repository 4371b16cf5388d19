import { addressParser } from "postal-mime";
import type { LabAddress, LabHeader } from "./address.ts";

/** The addresses of every header of this name; groups are opened. A broken one keeps as name what it has. */
export function addressesOf(headers: readonly LabHeader[], name: string): LabAddress[] {
  return headers.filter((header) => header.name.toLowerCase() === name).flatMap((header) => parseAddresses(header.value));
}

function parseAddresses(text: string): LabAddress[] {
  return addressParser(text, { flatten: true }).map((one) => ({ name: one.name || undefined, address: one.address || undefined }));
}
