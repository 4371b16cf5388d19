import type { Disposal } from "../store/folders/folder-tree.ts";
import type { XmlElement } from "../xml.ts";

/** The folder to which each disposal moves. Purges keeps items for single item recovery, which every mailbox of the lab has. */
const destinations: Readonly<Record<string, Disposal>> = {
  MoveToDeletedItems: "deleteditems",
  SoftDelete: "recoverableitemsdeletions",
  HardDelete: "recoverableitemspurges",
};

/** Returns where the DeleteType of a request moves. */
export function disposalOf(request: XmlElement): Disposal {
  return destinations[request.attributes.get("DeleteType") ?? ""] ?? "deleteditems";
}
