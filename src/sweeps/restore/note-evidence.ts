import type { EvidenceStore } from "../../catalogue/action-definition.ts";
import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { Message } from "../../exchange/message.ts";
import { beforeOf, type KeptOutcome } from "../kept-outcome.ts";
import { retryWhileDatabaseIsAway, type SweepRun } from "../sweep-run.ts";

/** A target just before its permanent deletion, as it was last read. */
export interface HardDeletion {
  readonly number: number;
  readonly message: Message;
}

/**
 * Returns a store that also writes the evidence and the former state of a target into the database, before the message is deleted: if this process dies
 * then, its successor still knows how to restore the message.
 */
export function noteEvidence(
  store: EvidenceStore,
  going: readonly HardDeletion[],
  mailbox: number,
  { work, chunk, host }: SweepRun,
): EvidenceStore {
  const byId = new Map(going.map((one) => [one.message.itemId, one]));
  const noted = new Map<number, NonNullable<KeptOutcome["evidence"]>>();
  return {
    hold: (bytes, about) => store.hold(bytes, about),
    async keep(bytes, about) {
      const kept = await store.keep(bytes, about);
      const { item_id: id } = about.source ?? {};
      const target = typeof id === "string" ? byId.get(id) : undefined;
      if (target === undefined) return kept;
      const { number, message } = target;
      const { file_ref, sha256, size, safe_name } = kept;
      const piece = { file_ref, sha256, size, safe_name };
      const known = noted.get(number);
      // The export comes after the message as .eml.
      const evidence = known === undefined ? piece : { ...known, export: piece };
      noted.set(number, evidence);
      const note: KeptOutcome = omitUndefined({ before: beforeOf(message), evidence });
      await retryWhileDatabaseIsAway(() => work.recordNote(chunk.sweep, mailbox, number, JSON.stringify(note)), host.signal);
      return kept;
    },
  };
}
