import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action } from "../../src/action.ts";
import type { Answer } from "../../src/answer.ts";
import { openAudit } from "../../src/audit.ts";
import { openEvidence } from "../../src/evidence.ts";
import { openEws } from "../../src/ews/ews.ts";
import type { LabItem, NewItem } from "../../src/lab/item.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import type { LabMailbox } from "../../src/lab/mailbox.ts";
import { socAddress } from "../../src/lab/seed.ts";
import { labPassword } from "../../src/lab/store.ts";
import { type Host, perform } from "../../src/perform.ts";

/** A lab with the seeded organisation, and the door to it as the service account: real sockets, real SOAP. */
export interface LabHost {
  readonly lab: Lab;
  readonly host: Host;
  /** Evidence and audit go below it. */
  readonly folder: string;
  run(action: Action, input: Readonly<Record<string, unknown>>, changes?: Partial<Host>): Promise<Answer>;
  mailbox(address: string): LabMailbox;
  /** Lays a message into a folder of a mailbox, by its well-known name; a path below it is made. */
  put(address: string, item?: NewItem, folder?: string): LabItem;
  /** How many requests of an operation the lab has seen. */
  asked(operation: string): number;
  close(): Promise<void>;
}

export async function openLabHost(options: LabOptions = {}): Promise<LabHost> {
  const lab = await startLab(options);
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-actions-"));
  const exchange = openEws({
    url: lab.ewsUrl,
    authorize: async () => ({ authorization: `Basic ${Buffer.from(`${socAddress}:${labPassword}`).toString("base64")}` }),
    access: "impersonation",
    defaultMailbox: socAddress,
  });
  const host: Host = {
    exchange,
    evidence: openEvidence(join(folder, "evidence")),
    audit: openAudit(join(folder, "audit.jsonl")),
    confirm: async () => true,
  };
  function mailboxOf(address: string): LabMailbox {
    const mailbox = lab.store.mailbox(address);
    if (mailbox === undefined) throw new Error(`the lab has no mailbox ${address}`);
    return mailbox;
  }
  return {
    lab,
    host,
    folder,
    run: (action, input, changes = {}) => perform(action, input, { ...host, ...changes }),
    mailbox: mailboxOf,
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
