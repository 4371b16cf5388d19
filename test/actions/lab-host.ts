import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action } from "../../src/catalogue/action-definition.ts";
import type { Answer } from "../../src/catalogue/answer-envelope.ts";
import { findItem, immutableId, restId } from "../../src/lab/graph/ids.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import type { NewItem } from "../../src/lab/store/item.ts";
import type { LabItem, LabMailbox } from "../../src/lab/store/mailbox.ts";
import type { Host } from "../../src/perform/perform.ts";
import { environmentOf, type Library, library } from "../built.ts";

/**
 * The rule for every action: it does the same over both back ends. A test that concerns only one of them is skipped over the other, and its title gives the
 * reason.
 */
export const backends = ["ews", "graph"] as const;
export type Backend = (typeof backends)[number];

/** A lab with the seeded organisation, and the door to it as the service account: real sockets, real requests. */
export interface LabHost {
  readonly lab: Lab;
  readonly host: Host;
  /** The library that `host` is of: a Failure that a stub throws must be its own. */
  readonly library: Library;
  /** Evidence and audit go below it. */
  readonly folder: string;
  run(action: Action, input: Readonly<Record<string, unknown>>, changes?: Partial<Host>): Promise<Answer>;
  mailbox(address: string): LabMailbox;
  /** The id that this back end gives an item. */
  idOf(item: LabItem | undefined): string;
  /** The item that an id names which this back end gives or takes, wherever in the mailbox it is now. */
  item(address: string, id: string): LabItem | undefined;
  /** Lays a message into a folder of a mailbox, by its well-known name; a path below it is made. */
  put(address: string, item?: NewItem, folder?: string): LabItem;
  /** How many requests of an operation the lab has seen. */
  asked(operation: string): number;
  close(): Promise<void>;
}

export async function openLabHost(options: LabOptions = {}, backend: Backend = "ews"): Promise<LabHost> {
  const lab = await startLab({ ...options, graph: { tokens: { [labToken]: labPermissions }, ...options.graph } });
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-actions-"));
  const used = await library();
  const { catalogue, loadSettings, open, perform } = used;
  const shipped = (action: Action) => catalogue.find(({ name }) => name === action.name) ?? action;
  const places = { MAILCORDON_EVIDENCE_DIR: join(folder, "evidence"), MAILCORDON_AUDIT_FILE: join(folder, "audit.jsonl") };
  const settings = await loadSettings({ environment: { ...environmentOf(lab, backend), ...places }, directory: folder });
  const { exchange, evidence, audit } = await open(settings);
  const host: Host = { exchange, evidence, audit, confirm: async () => true };
  function mailboxOf(address: string): LabMailbox {
    const mailbox = lab.store.mailbox(address);
    if (mailbox === undefined) throw new Error(`the lab has no mailbox ${address}`);
    return mailbox;
  }
  return {
    lab,
    host,
    library: used,
    folder,
    run: (action, input, changes = {}) => perform(shipped(action), input, { ...host, ...changes }),
    mailbox: mailboxOf,
    idOf(item) {
      if (item === undefined) throw new Error("there is no such item");
      return backend === "ews" ? item.id : immutableId(item);
    },
    item: (address, id) => (backend === "ews" ? mailboxOf(address).item(id) : findItem(mailboxOf(address), restId(id))),
    put(address, item = {}, folder = "inbox") {
      const mailbox = mailboxOf(address);
      const [known = "", ...names] = folder.split("/");
      const below = names.reduce((at, name) => at.child(name) ?? mailbox.createFolder(at, name), mailbox.known(known));
      return mailbox.add(below, { from: { name: "Billing", address: "billing@example.net" }, subject: "Invoice", ...item });
    },
    asked: (operation) => lab.requests.filter((request) => request.operation === operation).length,
    async close() {
      await exchange.close();
      await lab.close();
      rmSync(folder, { recursive: true });
    },
  };
}
