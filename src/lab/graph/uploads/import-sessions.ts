import { randomUUID } from "node:crypto";
import type { LabMailbox } from "../../store/mailbox.ts";
import { mailboxId } from "../mailbox-id.ts";

/** On the host of uploads. */
const start = "/api/gv1.0/Mailboxes";

/** How long a URL is valid. Microsoft promises nothing; the documentation's example shows an hour. */
const lifetimeMs = 3_600_000;

/** An import session of a mailbox; valid for any number of items until it ends. */
export interface OpenImport {
  readonly mailbox: LabMailbox;
  readonly expiresAt: Date;
}

/** The import sessions that have begun and not ended. */
export class ImportSessions {
  readonly #open = new Map<string, OpenImport>();

  /** The path of its address, token included. */
  begin(mailbox: LabMailbox, now: Date): OpenImport & { readonly path: string } {
    for (const [token, { expiresAt }] of this.#open) if (expiresAt <= now) this.#open.delete(token);
    const token = randomUUID();
    const begun = { mailbox, expiresAt: new Date(now.getTime() + lifetimeMs) };
    this.#open.set(token, begun);
    return { ...begun, path: `${start}('${mailboxId(mailbox)}')/importItem?authtoken=${token}` };
  }

  /** Returns undefined if there is none, or if it has ended. */
  find(token: string, now: Date): OpenImport | undefined {
    const found = this.#open.get(token);
    return found !== undefined && found.expiresAt > now ? found : undefined;
  }
}

export function isImportPath(path: string): boolean {
  return path.startsWith(start);
}
