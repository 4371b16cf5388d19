import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEws } from "../../../src/ews/ews.ts";
import { type GraphOptions, openGraph } from "../../../src/graph/graph.ts";
import { immutableId } from "../../../src/lab/graph/ids.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { mimeOf } from "../../../src/lab/mime/mime-of-item.ts";
import { labPermissions, labToken } from "../../../src/lab/practice.ts";
import type { NewItem } from "../../../src/lab/store/item.ts";
import type { LabItem, LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { openAudit } from "../../../src/perform/audit/audit-log.ts";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import type { Host } from "../../../src/perform/perform.ts";
import type { Backend } from "../lab-host.ts";

export const soc = "soc@example.com";
export const ann = "ann@example.com";
export const ben = "ben@example.com";

/** A lab with three mailboxes, and the door to it: so small that each run has one of its own. */
export interface Stage {
  readonly backend: Backend;
  readonly lab: Lab;
  readonly host: Host;
  /** Evidence and audit lie below it. */
  readonly folder: string;
  readonly auditFile: string;
  mailbox(address: string): LabMailbox;
  /** A message in ann's mailbox. */
  put(subject: string, item?: NewItem, folder?: string): LabItem;
  /** The id that this back end gives an item. */
  idOf(item: LabItem): string;
  close(): Promise<void>;
}

/** The same moment for every run, so that the lab's ids and times are the same, too. */
const now = new Date("2026-03-02T09:00:00Z");

export type Habits = GraphOptions["behaviour"];

export async function openStage(backend: Backend, habits?: Habits): Promise<Stage> {
  const lab = await startLab({ seed: false, graph: { tokens: { [labToken]: labPermissions } } });
  lab.store.setNow(now);
  lab.store.addUser({ address: soc, displayName: "SOC", roles: ["ApplicationImpersonation", "Discovery Management"] });
  lab.store.addUser({ address: ann, displayName: "Ann Example" });
  lab.store.addUser({ address: ben, displayName: "Ben Sample" });
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-faults-"));
  const auditFile = join(folder, "audit.jsonl");
  const authorization = backend === "ews" ? `Basic ${Buffer.from(`${soc}:${labPassword}`).toString("base64")}` : `Bearer ${labToken}`;
  const exchange =
    backend === "ews"
      ? openEws({ url: lab.ewsUrl, authorize: async () => ({ authorization }), access: "impersonation", defaultMailbox: ann })
      : openGraph({
          url: lab.graphUrl,
          signIn: (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) }),
          defaultMailbox: ann,
          behaviour: habits,
          // If Graph names no time, each wait is longer than the last: give up a lasting fault before the test ends.
          throttling: { maxWaitMs: 5000 },
        });
  const mailbox = (address: string): LabMailbox => {
    const found = lab.store.mailbox(address);
    if (found === undefined) throw new Error(`the lab has no mailbox ${address}`);
    return found;
  };
  return {
    backend,
    lab,
    folder,
    auditFile,
    mailbox,
    host: {
      exchange,
      evidence: openEvidence(join(folder, "evidence")),
      audit: openAudit(auditFile),
      confirm: async () => true,
      now: () => now,
    },
    put(subject, item = {}, inside = "inbox") {
      const owner = mailbox(ann);
      return owner.add(owner.known(inside), {
        subject,
        from: { name: "Mallory", address: "mallory@example.org" },
        to: [{ address: ann }],
        internetMessageId: messageIdOf(subject),
        receivedAt: now,
        body: { type: "Text", value: `About ${subject}.` },
        ...item,
      });
    },
    idOf: (item) => (backend === "ews" ? item.id : immutableId(item)),
    async close() {
      await exchange.close();
      await lab.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export function messageIdOf(subject: string): string {
  return `<${subject.replace(/\W/g, "-")}@example.org>`;
}

/** Returns the address and folder of each copy of a message. */
export function whereIs({ lab }: Stage, subject: string): string[] {
  const id = messageIdOf(subject);
  return lab.store.mailboxes().flatMap((mailbox) =>
    [...mailbox.items()]
      .filter((item) => item.internetMessageId === id)
      .map(({ folder }) => `${mailbox.address} ${folder.distinguishedName ?? folder.name}`)
      .sort(),
  );
}

/** Returns everything in the store, for actions that must not change anything. */
export function inventory({ lab }: Stage): string {
  const lines = lab.store
    .mailboxes()
    .flatMap((mailbox) =>
      [...mailbox.items()].map((item) =>
        [mailbox.address, item.folder.name, item.id, item.changeKey, item.isRead, ...item.attachments.map(({ id }) => id)].join(" "),
      ),
    );
  return [...lines, `${lab.store.outside.length} sent outside`].join("\n");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Returns the hash of the message as the lab returns it. */
export function sha256Of(item: LabItem): string {
  return sha256(mimeOf(item));
}
