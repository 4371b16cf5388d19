import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import type { FaultKind, FaultRule } from "../../src/lab/faults.ts";
import { findItem } from "../../src/lab/graph/ids.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../src/lab/store/mailbox.ts";
import type { Store } from "../../src/lab/store/store.ts";
import type { Outcome } from "../../src/outcome.ts";
import { mail } from "./contract-mail.ts";

/** A back end to hold to the port, over a lab whose store the test fills and looks into. */
export interface Practice {
  /** For an account that may reach all mailboxes and search them. */
  readonly exchange: Exchange;
  /** For an account that may do neither. */
  readonly powerless: Exchange;
  readonly store: Store;
  addFault(rule: FaultRule): void;
  /** The id that the back end gives an item or a folder of the lab. */
  idOf(it: LabItem | LabFolder): string;
  /** The lab's name of the request that copies. */
  readonly copying: string;
  /** The lab's name of the request that enters an appointment. */
  readonly entering: string;
  /** The fault that cuts off a content noticeably: a format that marks its own end may be cut by closing the connection. */
  readonly cutting: FaultKind;
  /** How many requests the server has seen. */
  requests(): number;
  close(): Promise<void>;
}

/** The promises that a back end cannot keep, with the reason: their tests are skipped with this reason. */
export type Unsupported = Readonly<Record<string, string>>;

/** The lab's mailboxes that the promises speak of; `open` adds them. */
export const people = ["ann@example.com", "bob@example.com"] as const;

/** The environment of every promise: a new lab each. */
export interface Stage {
  readonly practice: Practice;
  readonly ann: LabMailbox;
  readonly bob: LabMailbox;
  /** Ann's, through the back end. */
  readonly mailbox: Mailbox;
  /** Delivers to ann, each message a minute after the one before. Returns its id in her Inbox. */
  deliver(mime: Uint8Array): string;
  /** Delivers five messages, `one` to `five`. */
  five(): string[];
  /** Returns the results of reading them: the subject, or the code of the failure. */
  subjects(ids: readonly string[]): Promise<string[]>;
}

export type PromiseOf = (title: string, work: (stage: Stage) => Promise<void>) => void;

/** Runs promises over one back end. */
export function onStage(
  name: string,
  open: () => Promise<Practice>,
  unsupported: Unsupported,
  promises: readonly ((promise: PromiseOf) => void)[],
): void {
  describe(name, () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = stageOf(await open());
    });
    afterEach(() => stage.practice.close());

    const promise: PromiseOf = (title, work) => {
      const reason = unsupported[title];
      if (reason === undefined) test(title, () => work(stage));
      else test.skip(`${title} (skipped: ${reason})`, () => undefined);
    };
    for (const some of promises) some(promise);
  });
}

function stageOf(practice: Practice): Stage {
  const [ann, bob] = people.map((address) => {
    const found = practice.store.mailbox(address);
    if (found === undefined) throw new Error(`The lab has no ${address}.`);
    return found;
  });
  if (ann === undefined || bob === undefined) throw new Error("Two people are needed.");
  const mailbox = practice.exchange.mailbox(ann.address);
  let minute = 0;
  const deliver = (mime: Uint8Array): string => {
    const at = new Date(Date.UTC(2026, 0, 1, 10, minute++));
    const item = practice.store.deliver(mime, { from: "mallory@example.org", to: [ann.address], at })[0]?.item;
    if (item === undefined) throw new Error("It was not delivered.");
    return practice.idOf(item);
  };
  return {
    practice,
    ann,
    bob,
    mailbox,
    deliver,
    five: () => ["one", "two", "three", "four", "five"].map((subject) => deliver(mail(subject))),
    subjects: async (ids) =>
      (await all(mailbox.get(ids, {}))).map((outcome) => (outcome.ok ? (outcome.value.subject ?? "") : outcome.failure.code)),
  };
}

/** The item as the lab has it, by an id of either back end. */
export function itemIn(mailbox: LabMailbox, id: string): LabItem | undefined {
  return mailbox.item(id) ?? findItem(mailbox, id);
}

/** The same; throws when the lab has it not. */
export function itemOf(mailbox: LabMailbox, id: string): LabItem {
  const item = itemIn(mailbox, id);
  if (item === undefined) throw new Error("The lab has no such item.");
  return item;
}

/** The value of a success; throws the failure. */
export function have<T>(outcome: Outcome<T> | undefined): T {
  if (outcome === undefined) throw new Error("There is no outcome.");
  if (!outcome.ok) throw outcome.failure;
  return outcome.value;
}

export async function all<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

export async function bytesOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(bytes));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
