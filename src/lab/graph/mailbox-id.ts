import type { LabMailbox } from "../store/mailbox.ts";
import type { Store } from "../store/store.ts";

/** The lab's organisation, as the ids of its mailboxes name it. */
const organisation = "6c0b5c1e-52b5-4c1a-9d6f-6d61696c6c61";

/** The id by which a mailbox is exported from and imported into. @see https://learn.microsoft.com/en-us/graph/api/resources/exchangesettings */
export function mailboxId({ guid }: LabMailbox): string {
  return `MBX:${guid}@${organisation}`;
}

/** Returns the mailbox with this id, or undefined. An archive has an id as well, which v1.0 does not serve. */
export function mailboxWithId(store: Store, id: string): LabMailbox | undefined {
  const [, guid = "", tenant = ""] = /^MBX:([^@]+)@(.+)$/i.exec(id) ?? [];
  const found = store.mailboxByGuid(guid);
  return tenant.toLowerCase() === organisation && found !== undefined && store.mailbox(found.address) === found ? found : undefined;
}
