// src/connection/: Turns checked settings into an `Exchange`: opens it, signs in, chooses the back end and limits the mailboxes of a caller.

import type { Destination, Exchange, Mailbox } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import { attempt, failed, type Outcome } from "../outcome.ts";

/** One of the two back ends. */
export type BackEnd = "ews" | "graph";

/** Back end that holds a mailbox, as mailcordon found it. */
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
 * Error code of Microsoft Graph for a mailbox that is on an Exchange Server of the organisation, inactive or without a licence.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
const onPremises = "MailboxNotEnabledForRESTAPI";
// A mailbox move between the organisation and the cloud takes hours, and after a failure caused by a move the next call checks again.
const lifetimeMs = 3_600_000;

/**
 * Opens one connection to a hybrid organisation: each mailbox uses the back end that holds it. mailcordon finds this back end by reading the Inbox
 * over Microsoft Graph before the first call for a mailbox, and remembers it. A failed call is never repeated on the other back end: the back end
 * that was asked reports its failure. Only Graph's reply that the mailbox is on premises leads to EWS; no other failure does.
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
      const both = `Mailboxes that Exchange Online does not list (${others.length}) are those that Exchange Server allows to search (${own.source}).`;
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
    // A group may be in one of the directories only, and each knows its own people.
    async groupMembers(address, call) {
      const [online, own] = await Promise.all([
        attempt(() => graph.groupMembers(address, call)),
        attempt(() => ews.groupMembers(address, call)),
      ]);
      const found = [online, own].flatMap((one) => (one.ok ? [one.value] : []));
      const missed = [online, own].flatMap((one) => (one.ok || one.failure.code === "not-found" ? [] : [one.failure]));
      const [failure] = missed;
      if (found.length === 0 || failure?.code === "cancelled")
        throw failure ?? (online.ok ? new Failure("internal", "No group.") : online.failure);
      const mailboxes = new Map(found.flatMap((one) => one.mailboxes).map((mailbox) => [mailbox.toLowerCase(), mailbox]));
      const untold = missed.map((cause) => ({
        mailbox: address,
        message: `One back end did not list its members: ${cause.message}`,
        failure: cause,
      }));
      return {
        mailboxes: [...mailboxes.values()],
        outside: found.flatMap((one) => one.outside).filter(({ mailbox }) => !mailboxes.has(mailbox.toLowerCase())),
        failed: [...found.flatMap((one) => one.failed), ...untold],
      };
    },
    // Exchange Online's transport sees the mail of its own mailboxes, and what passes through it.
    messageTrace: (query, call) => graph.messageTrace(query, call),
    atATime: () => graph.atATime() + ews.atATime(),
    async close() {
      await Promise.all([ews.close(), graph.close()]);
    },
  };
}

function withBackEnd<T extends object>(backend: BackEnd, all: readonly T[]): readonly (T & { readonly backend: BackEnd })[] {
  return all.map((one) => ({ ...one, backend }));
}

/** Returns the back end that holds the mailbox: the remembered one, or the one found by a read. Throws Failure if the read does not tell. */
async function findBackEnd(online: Mailbox, memory: RouteMemory): Promise<BackEnd> {
  const known = memory.read(online.address);
  if (known !== undefined) return known;
  const inbox = await attempt(() => online.rights());
  if (!inbox.ok) {
    const { code, wireCode } = inbox.failure;
    // An account that may send but not read can still send: Graph did not say that the mailbox is elsewhere.
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
  /** With `other`, returns the back end of that mailbox. */
  backEndOf: (other?: string) => Promise<BackEnd>,
  memory: RouteMemory,
): Mailbox {
  const { address } = mailboxes.graph;
  // The mailbox has moved since: the next call checks again, and this call keeps its result.
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
  /** Throws before anything is changed if the two mailboxes have different back ends: neither writes into the other's mailboxes. */
  async function checkedSide(to: Destination | undefined): Promise<BackEnd> {
    const backEnd = await backEndOf();
    if (to?.mailbox === undefined || to.mailbox.toLowerCase() === address.toLowerCase()) return backEnd;
    if ((await backEndOf(to.mailbox)) === backEnd) return backEnd;
    const where = (one: BackEnd) => (one === "ews" ? "on premises" : "in Exchange Online");
    const message = `${address} is ${where(backEnd)} and ${to.mailbox} is not. Nothing was copied or moved: mailcordon does not transfer messages between the two.`;
    throw new Failure("unsupported", message, { hint: "Download the message as a file, or name a mailbox of the same back end." });
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
    restore: (message) => one((mailbox) => mailbox.restore(message)),
    delete: (ids, mode) => each(ids, (mailbox) => mailbox.delete(ids, mode)),
    junk: (ids, how) => each(ids, (mailbox) => mailbox.junk(ids, how)),
    send: (draft) => one((mailbox) => mailbox.send(draft)),
    reply: (reply) => one((mailbox) => mailbox.reply(reply)),
    invited: (ids) => each(ids, (mailbox) => mailbox.invited(ids)),
    calendarEntries: (ids) => each(ids, (mailbox) => mailbox.calendarEntries(ids)),
    removeCalendarEntries: (ids) => each(ids, (mailbox) => mailbox.removeCalendarEntries(ids)),
    addCalendarEntry: (entry) => one((mailbox) => mailbox.addCalendarEntry(entry)),
    contacts: (query) => one((mailbox) => mailbox.contacts(query)),
    outOfOffice: () => one((mailbox) => mailbox.outOfOffice()),
    rights: () => one((mailbox) => mailbox.rights()),
  };
}

/** Storage of the back end beyond this process. Stored values are untrusted. */
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
