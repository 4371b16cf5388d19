import type { Store } from "./store.ts";

export interface Imported {
  readonly file: string;
  readonly messageId: string;
  readonly subject: string;
  readonly from: string;
  /** Addresses of the mailboxes that have a copy. */
  readonly mailboxes: readonly string[];
  readonly attachments: number;
}

/** Delivers every `.eml` of a folder into the lab, bytes kept, in the order of their names. */
export function importFolder(_store: Store, _dir: string): Imported[] {
  return [];
}
