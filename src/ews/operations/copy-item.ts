// src/ews/operations/: One file per SOAP operation, under Microsoft's name: what we write, what we read and what may be repeated.

import type { Operation } from "../operation.ts";
import { type Relocated, type Relocation, relocated, relocation, relocationNames } from "./move-item.ts";

/**
 * Copies items to one folder. Not repeated: the first request may have been carried out, and a second copy is not wanted.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/copyitem-operation
 */
export const copyItem: Operation<Relocation, Relocated> = {
  name: "CopyItem",
  safety: "never",
  names: relocationNames,
  write: (input) => relocation("CopyItem", input),
  read: relocated("CopyItem"),
};
