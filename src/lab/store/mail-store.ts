import type { Clock } from "../clock.ts";
import type { LabMailbox } from "./mailbox.ts";
import type { TraceRow } from "./message-trace.ts";
import type { Group, Organisation } from "./organisation.ts";

export interface OutsideMail {
  readonly at: Date;
  readonly from: string;
  readonly to: readonly string[];
  readonly mime: Uint8Array;
}

/** The part of the store used by the directory, mail delivery and delivery reports. */
export interface MailStore {
  readonly organisation: Organisation;
  /** Messages sent to external addresses. */
  readonly outside: OutsideMail[];
  /** The records of mail transport about every message and recipient. */
  readonly traces: TraceRow[];
  readonly clock: Clock;
  now(): Date;
  /** Returns a mailbox by primary address, alias or user principal name, ignoring case. */
  mailbox(address: string): LabMailbox | undefined;
  group(address: string): Group | undefined;
  /** Returns an Internet Message-ID that this server has not used yet. */
  newMessageId(): string;
}
