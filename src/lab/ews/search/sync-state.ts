import type { ChangeLog } from "../../store/changes.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import { ItemError } from "../operation.ts";

/** Writes the text that a client keeps between two requests, opaque to it: the folder of the changes, and the position of the last one. */
export function writeSyncState(kind: "items" | "folders", folder: LabFolder, position: number): string {
  return Buffer.from(`${kind}\n${folder.id}\n${position}`).toString("base64");
}

/** Returns the position in a sync state; 0 without one. Throws ItemError `ErrorInvalidSyncStateData` for another folder's state or an invalid one. */
export function readSyncState(text: string | undefined, kind: "items" | "folders", folder: LabFolder, log: ChangeLog): number {
  if (text === undefined || text.trim() === "") return 0;
  const [said, id, position] = Buffer.from(text, "base64").toString("utf8").split("\n");
  const number = Number(position);
  if (said !== kind || id !== folder.id || !/^\d+$/.test(position ?? "") || number > log.position) {
    throw new ItemError("ErrorInvalidSyncStateData", "The sync state data is corrupt.");
  }
  return number;
}
