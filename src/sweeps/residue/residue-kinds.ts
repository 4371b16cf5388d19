import * as z from "zod";
import type { Action } from "../../catalogue/action-definition.ts";

/**
 * Traces of a message outside the folders that people see. `calendar`: the calendar entry of a meeting invitation. `recoverable`: copies in the Recoverable
 * Items. `sender`: the sender's own copy.
 */
export const residueKinds = ["calendar", "recoverable", "sender"] as const;
export const ResidueKind = z.enum(residueKinds);
export type ResidueKind = z.output<typeof ResidueKind>;

/** Why a target is in the plan, by kind of residue. */
export const whyPlanned: Readonly<Record<ResidueKind, string>> = {
  calendar: "The calendar entry of this meeting invitation.",
  recoverable: "A copy in the Recoverable Items, from which it could be recovered.",
  sender: "The copy of the sender, in Sent Items.",
};

/** Names of these kinds in the counts of a plan. */
export const countNames = {
  calendar: "calendar_entries",
  recoverable: "recoverable_copies",
  sender: "sent_copies",
} as const satisfies Record<ResidueKind, string>;

/** Returns whether the action takes messages out of people's sight. Only then can residue matter. */
function removesMessages({ each }: Action): boolean {
  return each !== undefined && "undo" in each.shape;
}

/** The residue that a sweep looks for. */
export interface ResidueSearch {
  readonly kinds: readonly ResidueKind[];
  /** Whether the action deletes permanently. */
  readonly isForGood: boolean;
}

/** Returns the requested kinds of residue that make sense with this action. Default: all of them. */
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

/** Returns the plan's sentences about residue that the sweep leaves alone. */
export function residueLeftAlone(kinds: readonly ResidueKind[]): readonly string[] {
  const purges =
    "Copies in the Purges and Versions of the Recoverable Items cannot be removed: Exchange keeps them until their time is over.";
  return [
    ...residueKinds.filter((kind) => !kinds.includes(kind)).map((kind) => notLookedFor[kind]),
    ...(kinds.includes("recoverable") ? [purges] : []),
  ];
}

/** Returns the plan's sentences about residue that an undo does not restore completely. */
export function notRestored(counts: Readonly<Partial<Record<ResidueKind, number>>>): readonly string[] {
  if ((counts.calendar ?? 0) === 0) return [];
  return ["Calendar entries come back as appointments without organiser, attendees and text; those of a series do not come back."];
}
