import { Clock } from "../clock.ts";
import { ActLog } from "../message-acts.ts";
import { addressKey, domainOf } from "./address.ts";
import { type Delivery, deliver, type Envelope, type Submission, submit } from "./delivery.ts";
import { expandGroup, resolveName } from "./directory.ts";
import { archiveFolders, type FolderSeed, publicFolders } from "./folders/default-folders.ts";
import { guidOf, hiddenGuidOf, parseId, publicGuidOf } from "./id.ts";
import type { LabAttachment, NewItem } from "./item.ts";
import type { OutsideMail } from "./mail-store.ts";

import { type LabFolder, type LabItem, LabMailbox, type LazyContents } from "./mailbox.ts";
import type { TraceRow } from "./message-trace.ts";
import type { Group, NewUser, Organisation, User } from "./organisation.ts";
import { StoreError } from "./store-error.ts";

/** The password of every account without one of its own. The lab is for practice, on loopback. */
export const labPassword = "lab-password";

/** More mailboxes than the requests at any one time can open. */
const mostMade = 500;

/** A mailbox for public folders, as Autodiscover reports it. */
export interface PublicFolderMailbox {
  readonly address: string;
  readonly guid: string;
}

/** An organisation with its mailboxes, in memory, independent of protocols. */
export class Store {
  readonly organisation: Organisation = { domains: new Set(), users: [], groups: [] };
  /** Messages sent to external addresses; they are not delivered. */
  readonly outside: OutsideMail[] = [];
  /** The records of mail transport about every message and recipient. */
  readonly traces: TraceRow[] = [];
  readonly clock = new Clock();
  /** Actions on messages since the lab was started. */
  readonly acts = new ActLog();
  readonly #mailboxes = new Map<string, LabMailbox>();
  readonly #byGuid = new Map<string, LabMailbox>();
  /** Mailboxes to which nobody signs in, by GUID. */
  readonly #behind = new Map<string, LabMailbox>();
  /** Archive mailboxes, by the GUID of their owner's mailbox. */
  readonly #archives = new Map<string, LabMailbox>();
  #public: LabMailbox | undefined;
  readonly #publicMailboxes: PublicFolderMailbox[] = [];
  readonly #groups = new Map<string, Group>();
  #messages = 0;
  /** Mailboxes whose contents were created, in this order. */
  readonly #made: LabMailbox[] = [];
  readonly #guidOf: (number: number) => string;

  /** `idsTellMailbox`: whether ids of items and folders name their mailbox, as in Exchange. */
  constructor({ idsTellMailbox = true }: { readonly idsTellMailbox?: boolean } = {}) {
    this.#guidOf = idsTellMailbox ? guidOf : hiddenGuidOf;
  }

  now(): Date {
    return this.clock.now();
  }

  /** Stops the clock: from now on only actions of the store advance it. */
  setNow(date: Date): void {
    this.clock.set(date);
  }

  // Who there is

  /**
   * `fill`: puts the first items into the mailbox when it is first opened, the same each time. Of the mailboxes without changes, the store keeps only the
   * most recently opened, and creates the others again when they are opened again.
   */
  addUser(given: NewUser, fill?: (mailbox: LabMailbox) => void): LabMailbox {
    const number = this.organisation.users.length + 1;
    const user: User = {
      ...given,
      displayName: given.displayName ?? given.address,
      password: given.password ?? labPassword,
      aliases: given.aliases ?? [],
      upn: given.upn ?? given.address,
      sid: given.sid ?? `S-1-5-21-1000000001-1000000002-1000000003-${1100 + number}`,
      roles: given.roles ?? [],
      purpose: given.purpose ?? "user",
      fullAccess: given.fullAccess ?? [],
      sendAs: given.sendAs ?? [],
    };
    const names = new Set([user.address, user.upn, ...user.aliases].map(addressKey));
    for (const name of names)
      if (this.#mailboxes.has(name) || this.#groups.has(name)) throw new StoreError("address-taken", "The address is taken.");
    const mailbox = new LabMailbox(user, this.#guidOf(number), this.clock, undefined, fill && this.#lazily(fill));
    mailbox.acts = this.acts;
    this.organisation.users.push(user);
    for (const name of names) this.#mailboxes.set(name, mailbox);
    for (const address of [user.address, ...user.aliases]) this.organisation.domains.add(domainOf(address));
    this.#byGuid.set(mailbox.guid, mailbox);
    return mailbox;
  }

  #lazily(fill: (mailbox: LabMailbox) => void): LazyContents {
    const start = this.now();
    return {
      fill: (mailbox) => this.clock.replay(start, () => fill(mailbox)),
      made: (mailbox) => {
        this.#made.push(mailbox);
        if (this.#made.length > mostMade) this.#made.shift()?.forget();
      },
    };
  }

  addGroup(given: Omit<Group, "aliases"> & { readonly aliases?: readonly string[] | undefined }): Group {
    const group: Group = { ...given, aliases: given.aliases ?? [] };
    const names = [group.address, ...group.aliases].map(addressKey);
    for (const name of names)
      if (this.#mailboxes.has(name) || this.#groups.has(name)) throw new StoreError("address-taken", "The address is taken.");
    this.organisation.groups.push(group);
    for (const name of names) this.#groups.set(name, group);
    for (const name of names) this.organisation.domains.add(domainOf(name));
    return group;
  }

  /** Returns a mailbox by primary address, alias or user principal name, ignoring case. */
  mailbox(address: string): LabMailbox | undefined {
    return this.#mailboxes.get(addressKey(address));
  }

  mailboxByGuid(guid: string): LabMailbox | undefined {
    return this.#byGuid.get(guid.toLowerCase()) ?? this.#behind.get(guid.toLowerCase());
  }

  mailboxBySid(sid: string): LabMailbox | undefined {
    const user = this.organisation.users.find((one) => one.sid === sid);
    return user && this.mailbox(user.address);
  }

  mailboxes(): LabMailbox[] {
    return [...this.#byGuid.values()];
  }

  /** Returns the archive mailbox of a mailbox; creates it if there is none. */
  openArchive(mailbox: LabMailbox): LabMailbox {
    return (
      this.#archives.get(mailbox.guid) ?? this.#addBehind(mailbox.user, archiveFolders, (made) => this.#archives.set(mailbox.guid, made))
    );
  }

  archiveOf(mailbox: LabMailbox): LabMailbox | undefined {
    return this.#archives.get(mailbox.guid);
  }

  /** Returns the public folders, which everybody may use; creates them if there are none. */
  openPublicFolders(): LabMailbox {
    const address = `public-folders@${[...this.organisation.domains][0] ?? "example.com"}`;
    const nobody: User = {
      address,
      displayName: "Public folders",
      password: "",
      aliases: [],
      upn: address,
      sid: "S-1-5-21-1000000001-1000000002-1000000003-1000",
      roles: [],
      purpose: "others",
      fullAccess: [],
      sendAs: [],
    };
    if (this.#public !== undefined) return this.#public;
    const { guid } = this.addPublicFolderMailbox(address);
    return this.#addBehind(nobody, publicFolders, (made) => (this.#public = made), guid);
  }

  /** The mailboxes that contain public folders, beginning with the one with the hierarchy. In Exchange each folder's contents are in one of them. */
  get publicFolderMailboxes(): readonly PublicFolderMailbox[] {
    return this.#publicMailboxes;
  }

  addPublicFolderMailbox(address: string): PublicFolderMailbox {
    const made = { address, guid: publicGuidOf(this.#publicMailboxes.length) };
    this.#publicMailboxes.push(made);
    return made;
  }

  /** Undefined if this organisation has none. */
  get publicFolders(): LabMailbox | undefined {
    return this.#public;
  }

  #addBehind(user: User, seeds: readonly FolderSeed[], keep: (made: LabMailbox) => void, guid?: string): LabMailbox {
    // Numbers that no user has.
    const made = new LabMailbox(user, guid ?? this.#guidOf(0x80_0000 + this.#behind.size), this.clock, seeds);
    made.acts = this.acts;
    this.#behind.set(made.guid, made);
    keep(made);
    return made;
  }

  group(address: string): Group | undefined {
    return this.#groups.get(addressKey(address));
  }

  /** Addresses that a group comes down to, groups within groups opened, each once, in order. */
  expandGroup(group: Group): string[] {
    return expandGroup(this, group);
  }

  /** Users and groups whose name, address or alias begins with this text, or one of whose names does. */
  resolveName(text: string): (User | Group)[] {
    return resolveName(this, text);
  }

  // Who may what

  /** The account with this name (address, alias, user principal name, or the part after `DOMAIN\`) and password. */
  authenticate(name: string, password: string): User | undefined {
    const login = addressKey(name.slice(name.lastIndexOf("\\") + 1));
    const user = this.mailbox(login)?.user ?? this.organisation.users.find((one) => addressKey(one.upn).split("@")[0] === login);
    return user !== undefined && user.password === password ? user : undefined;
  }

  mayImpersonate(caller: User, target: User): boolean {
    if (caller === target) return true;
    if (!caller.roles.includes("ApplicationImpersonation")) return false;
    return caller.impersonationScope === undefined || caller.impersonationScope.some((address) => this.mailbox(address)?.user === target);
  }

  /** As owner or as a delegate. */
  mayOpen(acting: User, mailbox: LabMailbox): boolean {
    if (mailbox === this.#public) return true;
    return acting === mailbox.user || mailbox.user.fullAccess.some((address) => this.mailbox(address)?.user === acting);
  }

  /** Returns whether `acting` may send with this address in From. */
  maySendAs(acting: User, from: string): boolean {
    const owner = this.mailbox(from)?.user;
    return owner === acting || (owner?.sendAs.some((address) => this.mailbox(address)?.user === acting) ?? false);
  }

  // What there is, by id, in any mailbox

  item(id: string): LabItem | undefined {
    return this.#mailboxOf(id)?.item(id);
  }

  folder(id: string): LabFolder | undefined {
    return this.#mailboxOf(id)?.folder(id);
  }

  attachment(
    id: string,
  ): { readonly item: LabItem; readonly attachment: LabAttachment; readonly path: readonly LabAttachment[] } | undefined {
    return this.#mailboxOf(id)?.attachment(id);
  }

  // Mail

  /** Delivers a copy to each internal recipient, byte for byte, sends the sender a report for an unknown one, and records the others in `outside`. */
  deliver(mime: Uint8Array, envelope: Envelope): Delivery[] {
    return deliver(this, mime, envelope);
  }

  /** Sends an item from this mailbox: completes it, builds its MIME and delivers it. The caller stores a copy if one is wanted. */
  submit(item: NewItem, from: LabMailbox): Submission {
    return submit(this, item, from);
  }

  /** Returns an Internet Message-ID that this server has not used yet. */
  newMessageId(): string {
    this.#messages += 1;
    return `<${this.#messages.toString(16).padStart(12, "0")}@lab.${[...this.organisation.domains][0] ?? "example.com"}>`;
  }

  #mailboxOf(id: string): LabMailbox | undefined {
    const parsed = parseId(id);
    return parsed && this.mailboxByGuid(parsed.mailbox);
  }
}
