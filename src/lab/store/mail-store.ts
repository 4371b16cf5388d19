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

/** The part of the store that the directory, the delivery of mail and the reports about it use. */
export interface MailStore {
  readonly organisation: Organisation;
  /** What was sent to addresses outside. */
  readonly outside: OutsideMail[];
  /** What transport has noted of every message and recipient. */
  readonly traces: TraceRow[];
  readonly clock: Clock;
  now(): Date;
  /** By primary address, alias or user principal name, ignoring case. */
  mailbox(address: string): LabMailbox | undefined;
  group(address: string): Group | undefined;
  /** An Internet Message-ID that this server has not used yet. */
  newMessageId(): string;
}
