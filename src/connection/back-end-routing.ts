// src/connection/: Turns checked settings into an `Exchange`: opens it, signs in, chooses the back end and limits what a caller may reach.

import type { Destination, Exchange, Mailbox } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import { attempt, failed, type Outcome } from "../outcome.ts";

/** One of the two back ends. */
export type BackEnd = "ews" | "graph";

/** Which back end holds a mailbox, as it was found. */
export interface RouteMemory {
  /** Undefined when it is not known, or not any more. */
  read(address: string): BackEnd | undefined;
  write(address: string, backEnd: BackEnd): void;
  forget(address: string): void;
}

export interface RouteOptions {
  readonly ews: Exchange;
  readonly graph: Exchange;
  /** Default: this process remembers it for an hour. */
  readonly memory?: RouteMemory | undefined;
}

/**
 * What Microsoft Graph says of a mailbox that is on an Exchange Server of the organisation, inactive or without a licence.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
const onPremises = "MailboxNotEnabledForRESTAPI";
// A move of a mailbox between the organisation and the cloud takes hours, and what a move breaks is asked again at once.
const lifetimeMs = 3_600_000;

/**
 * One connection to a hybrid organisation: each mailbox over the back end that holds it. It is found by reading the Inbox over Microsoft Graph
 * before the first call of a mailbox, and remembered. No call is ever repeated on the other back end: what failed is reported by the one that was
 * asked. Only the answer of Graph that the mailbox is on premises leads to EWS; a failure of any other kind does not.
 */
export function openRoute({ ews, graph, memory = routeMemory() }: RouteOptions): Exchange {
  return {
    backend: "auto",
    mailbox(address, call) {
      const online = graph.mailbox(address, call);
      const mailboxes = { graph: online, ews: ews.mailbox(online.address, call) };
      return routedMailbox(mailboxes, (other) => findBackEnd(other === undefined ? online : graph.mailbox(other, call), memory), memory);
    },
    // Neither knows the mailboxes of the other; half a list would pass for the whole one, so both must answer.
    async searchableMailboxes(query, call) {
      const online = await graph.searchableMailboxes(query, call);
      const own = await ews.searchableMailboxes(query, call);
      const known = new Set(online.mailboxes.map(({ mailbox }) => mailbox.toLowerCase()));
      const others = own.mailboxes.filter(({ mailbox }) => !known.has(mailbox.toLowerCase()));
      const there = new Set([...own.mailboxes, ...own.failed].map(({ mailbox }) => mailbox.toLowerCase()));
      const both = `Those that Exchange Online does not have (${others.length}) are what Exchange Server lets search (${own.source}).`;
      const notes = [online.note, others.length > 0 ? both : undefined].filter((one) => one !== undefined);
      return {
        source: online.source,
        note: notes.length === 0 ? undefined : notes.join(" "),
        mailboxes: [...withBackEnd("graph", online.mailboxes), ...withBackEnd("ews", others)],
        failed: [...withBackEnd("graph", online.failed), ...withBackEnd("ews", own.failed)],
        unopened: withBackEnd(
          "graph",
          (online.unopened ?? []).filter(({ mailbox }) => !there.has(mailbox.toLowerCase())),
        ),
      };
    },
    async close() {
      await Promise.all([ews.close(), graph.close()]);
    },
  };
}

function withBackEnd<T extends object>(backend: BackEnd, all: readonly T[]): readonly (T & { readonly backend: BackEnd })[] {
  return all.map((one) => ({ ...one, backend }));
}

/** Which back end holds the mailbox: as it is remembered, or by a read. Throws Failure when that does not tell. */
async function findBackEnd(online: Mailbox, memory: RouteMemory): Promise<BackEnd> {
  const known = memory.read(online.address);
  if (known !== undefined) return known;
  const inbox = await attempt(() => online.rights());
  if (!inbox.ok) {
    const { code, wireCode } = inbox.failure;
    // Who may send and not read is still let to send: Graph did not say that the mailbox is elsewhere.
    if (code === "access-denied" || code === "role-missing") return "graph";
    if (wireCode?.toLowerCase() !== onPremises.toLowerCase()) throw inbox.failure;
  }
  const backEnd = inbox.ok ? "graph" : "ews";
  memory.write(online.address, backEnd);
  return backEnd;
}

type Outcomes<T> = AsyncIterable<Outcome<T>>;

function routedMailbox(
  mailboxes: Readonly<Record<BackEnd, Mailbox>>,
  /** Of another mailbox, when its address is given. */
  backEndOf: (other?: string) => Promise<BackEnd>,
  memory: RouteMemory,
): Mailbox {
  const { address } = mailboxes.graph;
  // The mailbox has gone elsewhere since: the next call looks again, and this one stays as it ended.
  const noted = (failure: Failure) => {
    if (failure.code === "mailbox-not-found") memory.forget(address);
    return failure;
  };
  async function one<T>(ask: (mailbox: Mailbox) => Promise<T>): Promise<T> {
    const mailbox = mailboxes[await backEndOf()];
    const outcome = await attempt(() => ask(mailbox));
    if (outcome.ok) return outcome.value;
    throw noted(outcome.failure);
  }
  async function* each<T>(all: readonly unknown[], ask: (mailbox: Mailbox) => Outcomes<T>, to?: Destination): Outcomes<T> {
    const backEnd = await attempt(() => checkedSide(to));
    if (backEnd.ok) {
      for await (const outcome of ask(mailboxes[backEnd.value])) {
        if (!outcome.ok) noted(outcome.failure);
        yield outcome;
      }
      return;
    }
    if (backEnd.failure.code === "cancelled") throw backEnd.failure;
    yield* all.map(() => failed(backEnd.failure));
  }
  /** No back end writes into what the other one holds: said before anything is touched. */
  async function checkedSide(to: Destination | undefined): Promise<BackEnd> {
    const backEnd = await backEndOf();
    if (to?.mailbox === undefined || to.mailbox.toLowerCase() === address.toLowerCase()) return backEnd;
    if ((await backEndOf(to.mailbox)) === backEnd) return backEnd;
    const where = (one: BackEnd) => (one === "ews" ? "on premises" : "in Exchange Online");
    const message = `${address} is ${where(backEnd)} and ${to.mailbox} is not: nothing is copied or moved from one to the other.`;
    throw new Failure("unsupported", message, { hint: "Download the message as a file, or name a mailbox on the same side." });
  }
  return {
    address,
    route: () => backEndOf(),
    foreign: (ids) => one((mailbox) => mailbox.foreign(ids)),
    search: (requested) => one((mailbox) => mailbox.search(requested)),
    locate: (names, within) => each(names, (mailbox) => mailbox.locate(names, within)),
    get: (ids, detail) => each(ids, (mailbox) => mailbox.get(ids, detail)),
    mime: (ids) => each(ids, (mailbox) => mailbox.mime(ids)),
    exported: (ids) => each(ids, (mailbox) => mailbox.exported(ids)),
    attachments: (ids) => each(ids, (mailbox) => mailbox.attachments(ids)),
    attachedMessages: (requested) => each(requested, (mailbox) => mailbox.attachedMessages(requested)),
    attachmentContent: (requested) => each(requested, (mailbox) => mailbox.attachmentContent(requested)),
    deleteAttachments: (ids) => each(ids, (mailbox) => mailbox.deleteAttachments(ids)),
    folder: (name) => one((mailbox) => mailbox.folder(name)),
    createFolder: (path) => one((mailbox) => mailbox.createFolder(path)),
    copy: (ids, to) => each(ids, (mailbox) => mailbox.copy(ids, to), to),
    move: (ids, to) => each(ids, (mailbox) => mailbox.move(ids, to), to),
    delete: (ids, mode) => each(ids, (mailbox) => mailbox.delete(ids, mode)),
    junk: (ids, how) => each(ids, (mailbox) => mailbox.junk(ids, how)),
    send: (draft) => one((mailbox) => mailbox.send(draft)),
    reply: (reply) => one((mailbox) => mailbox.reply(reply)),
    contacts: (query) => one((mailbox) => mailbox.contacts(query)),
    outOfOffice: () => one((mailbox) => mailbox.outOfOffice()),
    rights: () => one((mailbox) => mailbox.rights()),
  };
}

/** Where it is remembered besides: what is read is whatever somebody wrote. */
export interface RouteNotes {
  read(address: string): Readonly<Record<string, unknown>> | undefined;
  write(address: string, value: { readonly side?: BackEnd; readonly until?: number }): void;
}

/** Remembers for an hour, in the process and in the notes that later ones read; `now` in milliseconds. */
export function routeMemory(notes?: RouteNotes, now: () => number = Date.now): RouteMemory {
  const known = new Map<string, { readonly side: BackEnd; readonly until: number }>();
  return {
    read(mailbox) {
      const address = mailbox.toLowerCase();
      const { side: backEnd, until } = known.get(address) ?? notes?.read(address) ?? {};
      // A time further away than any that we write is not ours.
      const isFresh = typeof until === "number" && until > now() && until <= now() + lifetimeMs;
      return isFresh && (backEnd === "ews" || backEnd === "graph") ? backEnd : undefined;
    },
    write(mailbox, backEnd) {
      const address = mailbox.toLowerCase();
      const value = { side: backEnd, until: now() + lifetimeMs };
      known.set(address, value);
      notes?.write(address, value);
    },
    forget(mailbox) {
      known.delete(mailbox.toLowerCase());
      notes?.write(mailbox.toLowerCase(), {});
    },
  };
}
