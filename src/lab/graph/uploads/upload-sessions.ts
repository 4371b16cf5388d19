import { randomUUID } from "node:crypto";
import type { NewAttachment } from "../../store/item.ts";
import type { LabMailbox } from "../../store/mailbox.ts";

/** A large attachment that is being uploaded. */
export interface Upload {
  /** The end of its URL; anyone who has it may write. */
  readonly token: string;
  readonly mailbox: LabMailbox;
  /** `LabItem.identity` of the message. */
  readonly message: Uint8Array;
  /** All but the content. */
  readonly attachment: NewAttachment;
  /** Bytes that were announced. */
  readonly size: number;
  readonly expiresAt: Date;
  readonly pieces: Uint8Array[];
}

/** How long a URL is valid. Microsoft promises nothing; an hour was observed. */
const lifetimeMs = 3_600_000;

/** The uploads that have begun and not ended. */
export class Uploads {
  readonly #open = new Map<string, Upload>();

  begin(upload: Pick<Upload, "mailbox" | "message" | "attachment" | "size">, now: Date): Upload {
    for (const { token, expiresAt } of this.#open.values()) if (expiresAt <= now) this.#open.delete(token);
    const begun = { ...upload, token: randomUUID(), expiresAt: new Date(now.getTime() + lifetimeMs), pieces: [] };
    this.#open.set(begun.token, begun);
    return begun;
  }

  /** Returns undefined if there is none, or if it has ended. */
  find(token: string, now: Date): Upload | undefined {
    const found = this.#open.get(token);
    return found !== undefined && found.expiresAt > now ? found : undefined;
  }

  end({ token }: Upload): void {
    this.#open.delete(token);
  }
}

export function receivedBytes({ pieces }: Upload): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
