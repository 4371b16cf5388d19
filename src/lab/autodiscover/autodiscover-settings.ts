import type { Store } from "../store/store.ts";

/** Autodiscover's settings of one mailbox, apart from the URL of EWS. */
export interface MailboxSettings {
  readonly address: string;
  /** The mailbox's GUID, `@`, its domain. */
  readonly server: string;
  /** Address of the mailbox with the hierarchy of public folders, where there are some. */
  readonly publicFolders: string | undefined;
}

/**
 * Returns the settings of a user's mailbox by its names, or of a public folder mailbox by its address or GUID. Undefined for an unknown address.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-route-public-folder-content-requests
 */
export function mailboxSettings(store: Store, requested: string): MailboxSettings | undefined {
  const name = requested.toLowerCase();
  const found =
    store.mailbox(requested) ??
    store.publicFolderMailboxes.find(({ address, guid }) => address.toLowerCase() === name || name.split("@")[0] === guid);
  if (found === undefined) return undefined;
  const { address, guid } = found;
  return { address, server: `${guid}@${address.split("@").at(-1)}`, publicFolders: store.publicFolderMailboxes[0]?.address };
}
