import type { Draft } from "./exchange/draft.ts";
import type { Call, Destination, Exchange, Mailbox } from "./exchange/exchange.ts";
import { parseFolderName, splitStore } from "./exchange/folder-names.ts";
import { Failure } from "./failure.ts";
import { attempt, failed, type Outcome } from "./outcome.ts";

/**
 * Whether an address is among those that were granted: each an address, or `*@example.com` for every one of that domain. Undefined grants all.
 * ASCII letters of either case are the same; nothing else is taken for something else.
 */
export function isGranted(address: string, mailboxes: readonly string[] | undefined): boolean {
  if (mailboxes === undefined) return true;
  const asked = lowered(address);
  return mailboxes.map(lowered).some((granted) => {
    if (!granted.startsWith("*@")) return granted === asked;
    const at = asked.indexOf("@");
    // One at-sign, something before it, and no character that could end an address or begin another.
    return at > 0 && asked.slice(at) === granted.slice(1) && /^[^\s@<>()[\]\\,;:"]+$/.test(asked.slice(0, at));
  });
}

/** Not `toLowerCase()`: it takes the Kelvin sign for a k, and would let one address pass for another. */
function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * An Exchange that lets through nothing but these mailboxes, at the port, so that no action and no face can forget it. Lists of mailboxes are
 * filtered; everything else is refused as `access-denied`, before any request. Public folders are no mailbox: they are refused as well.
 */
export function restricted(exchange: Exchange, mailboxes: readonly string[] | undefined): Exchange {
  if (mailboxes === undefined) return exchange;
  const guard = guardOf(mailboxes, exchange.backend);
  return {
    backend: exchange.backend,
    mailbox(address, call) {
      if (address !== undefined) guard.mailbox(address);
      const mailbox = exchange.mailbox(address, asThatMailbox(call));
      // The default of the connection, too.
      guard.mailbox(mailbox.address);
      return guarded(mailbox, guard);
    },
    async searchableMailboxes(query, call) {
      const found = await exchange.searchableMailboxes(query, call);
      return {
        ...found,
        mailboxes: found.mailboxes.filter(({ mailbox }) => isGranted(mailbox, mailboxes)),
        failed: found.failed.filter(({ mailbox }) => isGranted(mailbox, mailboxes)),
      };
    },
    close: () => exchange.close(),
  };
}

/**
 * Exchange Web Services look an id up wherever it is, whatever mailbox the request names: as a delegate that is every mailbox which the account
 * may open, and impersonating only what the mailbox's owner may.
 */
function asThatMailbox(call: Call = {}): Call {
  if (call.access !== "delegate") return { ...call, access: "impersonation" };
  throw new Failure(
    "access-denied",
    "A caller that may touch some mailboxes only cannot act as a delegate: ids of others would be reached.",
    {
      hint: "Leave access out, or ask an administrator for a key without mailboxes.",
    },
  );
}

/** Each throws Failure `access-denied`. */
interface Guard {
  mailbox(address: string): void;
  folder(name: string | undefined): void;
  destination(to: Destination): void;
  sender(mail: Pick<Draft, "from" | "mime">): void;
}

function guardOf(mailboxes: readonly string[], backend: Exchange["backend"]): Guard {
  const mailbox = (address: string) => {
    if (!isGranted(address, mailboxes)) throw refusal(address === "" ? "The mailbox that is meant by default" : address);
  };
  const folder = (name: string | undefined) => {
    if (name === undefined) return;
    const { store, rest } = splitStore(name);
    const meant = parseFolderName(rest);
    // Their root has a name in every mailbox.
    if (store === "public" || (meant.kind === "well-known" && meant.name === "publicfoldersroot")) throw refusal("A public folder");
    // Exchange Web Services open it wherever it is, as far as the mailbox's owner may; Graph looks in the mailbox that is named.
    if (backend === "graph" || meant.kind !== "id") return;
    throw new Failure("access-denied", "A caller that may touch some mailboxes only cannot name a folder by its id: it may be another's.", {
      hint: "Name the folder by its path, such as Inbox/Reports.",
    });
  };
  return {
    mailbox,
    folder,
    destination(to) {
      if (to.mailbox !== undefined) mailbox(to.mailbox);
      if (to.publicFolder === true) throw refusal("A public folder");
      folder(to.folder);
    },
    sender({ from, mime }) {
      if (from !== undefined) mailbox(from.address ?? "");
      if (mime !== undefined) throw refusal("Whoever a ready-made message says it is from");
    },
  };
}

function refusal(what: string): Failure {
  return new Failure("access-denied", `${what} is not among the mailboxes that this caller may touch.`, {
    hint: "Name a mailbox that the key was made for, or ask an administrator for a key that has this one.",
  });
}

/** Every method is written out: a new one of the port does not compile until somebody has thought about it. */
function guarded(mailbox: Mailbox, guard: Guard): Mailbox {
  async function* elsewhere<T>(ids: readonly string[], to: Destination, work: () => AsyncIterable<Outcome<T>>): AsyncIterable<Outcome<T>> {
    const permitted = await attempt(async () => guard.destination(to));
    if (permitted.ok) yield* work();
    else yield* ids.map(() => failed(permitted.failure));
  }
  return {
    address: mailbox.address,
    route:
      mailbox.route === undefined ? undefined : () => mailbox.route?.() ?? Promise.reject(new Failure("internal", "The route is gone.")),
    async search(search) {
      guard.folder(search.folder);
      return await mailbox.search(search);
    },
    locate: (names) => mailbox.locate(names),
    get: (itemIds, detail) => mailbox.get(itemIds, detail),
    mime: (itemIds) => mailbox.mime(itemIds),
    attachments: (itemIds) => mailbox.attachments(itemIds),
    attachedMessages: (attachmentIds) => mailbox.attachedMessages(attachmentIds),
    attachmentContent: (attachments) => mailbox.attachmentContent(attachments),
    deleteAttachments: (attachmentIds) => mailbox.deleteAttachments(attachmentIds),
    async folder(name) {
      guard.folder(name);
      return await mailbox.folder(name);
    },
    async createFolder(path) {
      guard.folder(path);
      return await mailbox.createFolder(path);
    },
    copy: (itemIds, destination) => elsewhere(itemIds, destination, () => mailbox.copy(itemIds, destination)),
    move: (itemIds, destination) => elsewhere(itemIds, destination, () => mailbox.move(itemIds, destination)),
    delete: (itemIds, mode) => mailbox.delete(itemIds, mode),
    junk: (itemIds, how) => mailbox.junk(itemIds, how),
    async send(draft) {
      guard.sender(draft);
      return await mailbox.send(draft);
    },
    async reply(reply) {
      guard.sender(reply);
      return await mailbox.reply(reply);
    },
    async contacts(query) {
      guard.folder(query.folder);
      return await mailbox.contacts(query);
    },
    outOfOffice: () => mailbox.outOfOffice(),
    rights: () => mailbox.rights(),
  };
}
