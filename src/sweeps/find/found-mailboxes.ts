import type { FailureCode } from "../../failure.ts";
import type { Host } from "../../perform/perform.ts";
import type { PlanHeader } from "../plan-header.ts";

/** A mailbox that could not be searched completely. It may have targets as well. */
export interface Unexamined {
  readonly mailbox: string;
  readonly code: FailureCode;
  readonly message: string;
}

/** A recipient or group member that the plan leaves out on purpose. */
export interface LeftOut {
  readonly mailbox: string;
  readonly message: string;
}

/** The mailboxes that a plan searches, and how they were found. */
export interface FoundMailboxes {
  /** Each once. */
  readonly addresses: readonly string[];
  readonly unlisted: readonly Unexamined[];
  readonly leftOut: readonly LeftOut[];
  /** One sentence for each finder, the cheapest first. */
  readonly finders: readonly string[];
  /** Limits of the plan due to the finder, a sentence each. */
  readonly leftAlone: readonly string[];
  /** Members of the plan that describe the finder. */
  readonly facts: Pick<PlanHeader["find"], "groups" | "traced" | "tracking_log">;
  readonly isEvery: boolean;
}

export type FindContext = Pick<Host, "exchange" | "signal" | "progress" | "patientUntil">;
