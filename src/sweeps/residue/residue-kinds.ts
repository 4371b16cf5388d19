import * as z from "zod";
import type { Action } from "../../catalogue/action-definition.ts";

/**
 * What a message leaves behind. `calendar`: the entry of a meeting invitation in the calendar of who was invited. `recoverable`: copies in the Recoverable
 * Items. `sender`: the copy that the sender has.
 */
export const residueKinds = ["calendar", "recoverable", "sender"] as const;
export const ResidueKind = z.enum(residueKinds);
export type ResidueKind = z.output<typeof ResidueKind>;

/** Why a row is in the plan, by its kind. */
export const whyPlanned: Readonly<Record<ResidueKind, string>> = {
  calendar: "The calendar entry of this meeting invitation.",
  recoverable: "A copy in the Recoverable Items, from which it could be recovered.",
  sender: "The copy of the sender, in Sent Items.",
};

/** The names of the counts of a plan. */
export const countNames = {
  calendar: "calendar_entries",
  recoverable: "recoverable_copies",
  sender: "sent_copies",
} as const satisfies Record<ResidueKind, string>;

/** Whether the action takes messages from where people see them: only then is anything left behind. */
function removesMessages({ each }: Action): boolean {
  return each !== undefined && "undo" in each.shape;
}

/** What a sweep looks for besides messages. */
export interface ResidueSearch {
  readonly kinds: readonly ResidueKind[];
  /** Whether the action deletes for good. */
  readonly isForGood: boolean;
}

/** What a sweep with this action looks for: what was asked for, as far as it makes sense. Default: all of it. */
export function residueFor(
  action: Action,
  input: Readonly<Record<string, unknown>>,
  asked: readonly ResidueKind[] | undefined,
): ResidueSearch {
  if (!removesMessages(action)) return { kinds: [], isForGood: false };
  const isForGood = action.irreversible?.(input) !== undefined;
  const kinds = residueKinds.filter((kind) => (asked?.includes(kind) ?? true) && (kind !== "recoverable" || isForGood));
  return { kinds, isForGood };
}

const notLookedFor: Readonly<Record<ResidueKind, string>> = {
  calendar: "Calendar entries of meeting invitations are not removed.",
  recoverable: "Copies in the Recoverable Items are not looked for.",
  sender: "The copies of senders, in their Sent Items, are not looked for outside the mailboxes of the plan.",
};

/** What the plan says of residue that it leaves alone. */
export function residueLeftAlone(kinds: readonly ResidueKind[]): readonly string[] {
  const purges =
    "Copies in the Purges and Versions of the Recoverable Items cannot be removed: Exchange keeps them until their time is over.";
  return [
    ...residueKinds.filter((kind) => !kinds.includes(kind)).map((kind) => notLookedFor[kind]),
    ...(kinds.includes("recoverable") ? [purges] : []),
  ];
}

/** What the plan says that an undo does not restore. */
export function notRestored(counts: Readonly<Partial<Record<ResidueKind, number>>>): readonly string[] {
  if ((counts.calendar ?? 0) === 0) return [];
  return ["Calendar entries come back as appointments without organiser, attendees and text; those of a series do not come back."];
}
