import type { FailureCode } from "../../failure.ts";
import type { Host } from "../../perform/perform.ts";
import type { PlanHeader } from "../plan-header.ts";

/** A mailbox in which something could not be looked at. It may have targets besides. */
export interface Unexamined {
  readonly mailbox: string;
  readonly code: FailureCode;
  readonly message: string;
}

/** A recipient or a member that is left out on purpose. */
export interface LeftOut {
  readonly mailbox: string;
  readonly message: string;
}

/** The mailboxes that a plan looks into, and how they were found. */
export interface FoundMailboxes {
  /** Each once. */
  readonly addresses: readonly string[];
  readonly unlisted: readonly Unexamined[];
  readonly leftOut: readonly LeftOut[];
  /** One sentence for each way, the cheapest first. */
  readonly finders: readonly string[];
  /** What the plan says it left alone because of the way. */
  readonly leftAlone: readonly string[];
  /** What the plan keeps of the way. */
  readonly facts: Pick<PlanHeader["find"], "groups" | "traced" | "tracking_log">;
  readonly isEvery: boolean;
}

export type FindContext = Pick<Host, "exchange" | "signal" | "progress" | "patientUntil">;
