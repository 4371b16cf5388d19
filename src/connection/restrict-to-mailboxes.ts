import type { Destination, Exchange, Mailbox } from "../exchange/exchange.ts";
import { parseFolderName, splitStore } from "../exchange/folders/folder-names.ts";
import type { Message, MessageName } from "../exchange/message.ts";
import { isAbsent, type Located } from "../exchange/search/absence.ts";
import type { Within } from "../exchange/search/locate-scope.ts";
import type { Draft } from "../exchange/sending/draft.ts";
import { Failure } from "../failure.ts";
import { attempt, failed, type Outcome, runForSome } from "../outcome.ts";
import { restrictOrganisation } from "./restrict-organisation.ts";

/**
 * Returns whether an address was granted. Each grant is an address, or `*@example.com` for every address of that domain; undefined grants all. ASCII
 * letters match in either case; no other characters are treated as equal.
 */
export function isGranted(address: string, mailboxes: readonly string[] | undefined): boolean {
  if (mailboxes === undefined) return true;
  const requested = lowerAscii(address);
  return mailboxes.map(lowerAscii).some((granted) => {
    if (!granted.startsWith("*@")) return granted === requested;
    const at = requested.indexOf("@");
    // One at-sign, something before it, and no character that could end an address or begin another.
    return at > 0 && requested.slice(at) === granted.slice(1) && /^[^\s@<>()[\]\\,;:"]+$/.test(requested.slice(0, at));
  });
}

/** Not `toLowerCase()`, which turns the Kelvin sign into a k and would let one address pass for another. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * Restricts an Exchange to these mailboxes, at the port, so no action and no face can bypass it. Lists of mailboxes are filtered; everything else is
 * refused as `access-denied` before any request. Public folders are not mailboxes, so they are refused as well.
 * Exchange Web Services resolve an id in any mailbox, whatever mailbox the request names: for a delegate in every mailbox that the account may open,
 * for an impersonated person in everything that this person may open, public folders included. So an id must be shown to belong to the named mailbox
 * before anything is read or changed by it: the same call found it there, or `Mailbox.foreign` does not return it.
 */
export function restrictToMailboxes(exchange: Exchange, mailboxes: readonly string[] | undefined): Exchange {
  if (mailboxes === undefined) return exchange;
  const guard = guardOf(mailboxes, exchange.backend);
  return {
    backend: exchange.backend,
    mailbox(address, call) {
      if (address !== undefined) guard.mailbox(address);
      const mailbox = exchange.mailbox(address, call);
      // Applies to the connection's default mailbox as well.
      guard.mailbox(mailbox.address);
      const other = (named: string) => exchange.mailbox(named, call);
      return guardMailbox(mailbox, guard, { backend: exchange.backend, other });
    },
    ...restrictOrganisation(exchange, (address) => isGranted(address, mailboxes)),
    atATime: () => exchange.atATime(),
    close: () => exchange.close(),
  };
}

/** Restricts an Exchange to the mailboxes that each of several callers may reach. */
export function restrictToEach(exchange: Exchange, callers: readonly (readonly string[] | undefined)[]): Exchange {
  return callers.reduce(restrictToMailboxes, exchange);
}

/** Each throws Failure `access-denied`. */
interface Guard {
  mailbox(address: string): void;
  /** `mailbox` is the mailbox that the folder belongs to. */
  folder(name: string | undefined, mailbox: Mailbox): Promise<void>;
  sender(mail: Pick<Draft, "from" | "mime">): void;
}

function guardOf(mailboxes: readonly string[], backend: Exchange["backend"]): Guard {
  const mailbox = (address: string) => {
    if (!isGranted(address, mailboxes)) throw notGranted(address === "" ? "The default mailbox" : address);
  };
  const folder = async (name: string | undefined, of: Mailbox) => {
    if (name === undefined) return;
    const { store, rest } = splitStore(name);
    const meant = parseFolderName(rest);
    // Their root has a name in every mailbox.
    if (store === "public" || (meant.kind === "well-known" && meant.name === "publicfoldersroot")) throw notGranted("A public folder");
    // Exchange Web Services open a folder id in any mailbox that the account may open; Graph searches the named mailbox only.
    if (backend === "graph" || meant.kind !== "id") return;
    // Microsoft Graph writes the same ids with - and _ in place of / and +.
    if ((await of.foreign([meant.id.replaceAll("-", "/").replaceAll("_", "+")])).size === 0) return;
    throw new Failure("access-denied", `This folder id is not shown to belong to the mailbox ${of.address}.`, {
      hint: "Name the folder by its path, such as Inbox/Reports.",
    });
  };
  return {
    mailbox,
    folder,
    sender({ from, mime }) {
      if (from !== undefined) mailbox(from.address ?? "");
      if (mime !== undefined) throw notGranted("The sender in a complete message (raw_mime)");
    },
  };
}

function notGranted(what: string): Failure {
  return new Failure("access-denied", `${what} is not among the mailboxes that this caller may use.`, {
    hint: "Name a mailbox of your API key, or ask an administrator for an API key that includes this one.",
  });
}

function notShown(address: string): Failure {
  return new Failure("access-denied", `This id is not shown to belong to the mailbox ${address}.`, {
    hint: "Name the mailbox that the id came from, if your API key includes it; or name messages by internet_message_id.",
  });
}

interface GuardContext {
  readonly backend: Exchange["backend"];
  /** The handle of another mailbox, unrestricted. */
  other(address: string): Mailbox;
}

/** Calls `note` with the value of each success, and passes all outcomes on. */
async function* tapOutcomes<T>(outcomes: AsyncIterable<Outcome<T>>, note: (value: T) => unknown): AsyncIterable<Outcome<T>> {
  for await (const outcome of outcomes) {
    if (outcome.ok) note(outcome.value);
    yield outcome;
  }
}

/** Every method is written out, so that a new method of the port does not compile until somebody has decided on its guard. */
function guardMailbox(mailbox: Mailbox, guard: Guard, { backend, other }: GuardContext): Mailbox {
  /** Ids of items and attachments found in the mailbox, which it may be asked for again. */
  const found = new Set<string>();
  const seen = (message: Message): Message => {
    found.add(message.itemId);
    for (const { id } of message.attachments ?? []) found.add(id);
    return message;
  };
  const foreign = async (ids: readonly string[]) => mailbox.foreign(ids.filter((id) => !found.has(id)));
  /** Asks about the ids of the mailbox; each other has its refusal. */
  async function* own<K, T>(
    all: readonly K[],
    idOf: (one: K) => string,
    work: (own: readonly K[]) => AsyncIterable<Outcome<T>>,
  ): AsyncIterable<Outcome<T>> {
    const others = await attempt(() => foreign(all.map(idOf)));
    if (!others.ok && others.failure.code === "cancelled") throw others.failure;
    // The same id may be requested twice and then has two outcomes.
    const requested = all.map((one) => ({ one }));
    yield* runForSome(
      requested,
      ({ one }) => others.ok && !others.value.has(idOf(one)),
      (some) => work(some.map(({ one }) => one)),
      () => failed(others.ok ? notShown(mailbox.address) : others.failure),
    );
  }
  const byId = <T>(ids: readonly string[], work: (own: readonly string[]) => AsyncIterable<Outcome<T>>) => own(ids, (id) => id, work);
  async function* elsewhere<T>(
    ids: readonly string[],
    to: Destination,
    work: (own: readonly string[]) => AsyncIterable<Outcome<T>>,
  ): AsyncIterable<Outcome<T>> {
    const permitted = await attempt(async () => {
      if (to.mailbox !== undefined) guard.mailbox(to.mailbox);
      if (to.publicFolder === true) throw notGranted("A public folder");
      await guard.folder(to.folder, to.mailbox === undefined ? mailbox : other(to.mailbox));
    });
    if (permitted.ok) yield* byId(ids, work);
    else yield* ids.map(() => failed(permitted.failure));
  }
  /** Finds messages by name. For an id that does not belong to the mailbox only the Message-ID is searched, if there is one. */
  async function* named(names: readonly MessageName[], within: Within | undefined): AsyncIterable<Outcome<Located>> {
    const permitted = await attempt(async () => {
      await guard.folder(within?.folder, mailbox);
      const { folderId } = within ?? {};
      if (folderId !== undefined && (await foreign([folderId])).size > 0) throw notShown(mailbox.address);
    });
    if (!permitted.ok) {
      if (permitted.failure.code === "cancelled") throw permitted.failure;
      yield* names.map(() => permitted);
      return;
    }
    const others = await attempt(() => foreign(names.flatMap(({ itemId }) => itemId ?? [])));
    if (!others.ok && others.failure.code === "cancelled") throw others.failure;
    const isShown = ({ itemId }: MessageName) => itemId === undefined || (others.ok && !others.value.has(itemId));
    const requested = names.map((name) => ({
      name: isShown(name) || name.internetMessageId === undefined ? name : { internetMessageId: name.internetMessageId },
    }));
    for await (const outcome of runForSome(
      requested,
      ({ name }) => isShown(name),
      (some) =>
        mailbox.locate(
          some.map(({ name }) => name),
          within,
        ),
      () => failed(others.ok ? notShown(mailbox.address) : others.failure),
    )) {
      if (outcome.ok && !isAbsent(outcome.value)) outcome.value.messages.forEach(seen);
      yield outcome;
    }
  }
  /** A delegate's message would be sent from the account, a sender that was not granted. Graph always sends from the mailbox. */
  const from = backend === "graph" || !mailbox.address.includes("@") ? undefined : { address: mailbox.address };
  return {
    address: mailbox.address,
    route:
      mailbox.route === undefined ? undefined : () => mailbox.route?.() ?? Promise.reject(new Failure("internal", "The route is gone.")),
    foreign,
    async search(search) {
      await guard.folder(search.folder, mailbox);
      const page = await mailbox.search(search);
      page.messages.forEach(seen);
      return page;
    },
    locate: named,
    get: (itemIds, detail) =>
      tapOutcomes(
        byId(itemIds, (ids) => mailbox.get(ids, detail)),
        seen,
      ),
    mime: (itemIds) => byId(itemIds, (ids) => mailbox.mime(ids)),
    exported: (itemIds) => byId(itemIds, (ids) => mailbox.exported(ids)),
    attachments: (itemIds) =>
      tapOutcomes(
        byId(itemIds, (ids) => mailbox.attachments(ids)),
        (list) => {
          for (const { id } of list) found.add(id);
        },
      ),
    attachedMessages: (attachments) =>
      tapOutcomes(
        own(
          attachments,
          ({ id }) => id,
          (some) => mailbox.attachedMessages(some),
        ),
        seen,
      ),
    attachmentContent: (attachments) =>
      own(
        attachments,
        ({ id }) => id,
        (some) => mailbox.attachmentContent(some),
      ),
    deleteAttachments: (attachmentIds) => byId(attachmentIds, (ids) => mailbox.deleteAttachments(ids)),
    async folder(name) {
      await guard.folder(name, mailbox);
      return await mailbox.folder(name);
    },
    async createFolder(path) {
      await guard.folder(path, mailbox);
      return await mailbox.createFolder(path);
    },
    copy: (itemIds, destination) => elsewhere(itemIds, destination, (ids) => mailbox.copy(ids, destination)),
    move: (itemIds, destination) => elsewhere(itemIds, destination, (ids) => mailbox.move(ids, destination)),
    async restore(message) {
      await guard.folder(message.folder, mailbox);
      const restored = await mailbox.restore(message);
      if (restored.newItemId !== undefined) found.add(restored.newItemId);
      return restored;
    },
    delete: (itemIds, mode) => byId(itemIds, (ids) => mailbox.delete(ids, mode)),
    junk: (itemIds, how) => byId(itemIds, (ids) => mailbox.junk(ids, how)),
    async send(draft) {
      guard.sender(draft);
      return await mailbox.send({ ...draft, from: draft.from ?? from });
    },
    async reply(reply) {
      guard.sender(reply);
      if ((await foreign([reply.itemId])).size > 0) throw notShown(mailbox.address);
      return await mailbox.reply({ ...reply, from: reply.from ?? from });
    },
    invited: (itemIds) =>
      tapOutcomes(
        byId(itemIds, (ids) => mailbox.invited(ids)),
        (entry) => entry && found.add(entry.entryId),
      ),
    calendarEntries: (entryIds) => byId(entryIds, (ids) => mailbox.calendarEntries(ids)),
    removeCalendarEntries: (entryIds) => byId(entryIds, (ids) => mailbox.removeCalendarEntries(ids)),
    addCalendarEntry: (entry) => mailbox.addCalendarEntry(entry),
    async contacts(query) {
      await guard.folder(query.folder, mailbox);
      return await mailbox.contacts(query);
    },
    outOfOffice: () => mailbox.outOfOffice(),
    rights: () => mailbox.rights(),
  };
}
