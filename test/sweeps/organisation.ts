import { writeFileSync } from "node:fs";
import { vi } from "vitest";
import type { LabOptions } from "../../src/lab/lab.ts";
import { labToken } from "../../src/lab/practice.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../src/lab/store/mailbox.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { openSweepFixture, type SweepFixture } from "./sweep-fixture.ts";

/** The organisations that sweeps are tested on: all mailboxes behind one back end, or some on premises and some online. */
export const organisations = ["ews", "graph", "hybrid"] as const;
export type Organisation = (typeof organisations)[number];

/** Opens a fixture. In a hybrid organisation `onPremises` names the mailboxes that are behind EWS. */
export async function openOrganisation(kind: Organisation, onPremises: readonly string[], options: LabOptions = {}): Promise<SweepFixture> {
  if (kind !== "hybrid") return openSweepFixture(kind, options);
  const fixture = await openSweepFixture("graph", { ...options, onPremises });
  const { ewsUrl, graphUrl } = fixture.host.lab;
  const connection = {
    ...{ backend: "auto", mailbox: socAddress, graph: { url: graphUrl }, auth: { bearer: { token: "env:LAB_TOKEN" } } },
    ews: { url: ewsUrl, auth: { basic: { username: socAddress, password: "env:LAB_PASSWORD" } } },
  };
  writeFileSync(
    fixture.config,
    JSON.stringify({
      connections: { lab: connection },
      ...{ evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: "state" } },
    }),
  );
  for (const name of Object.keys(fixture.environment)) if (name.startsWith("MAILCORDON_")) vi.stubEnv(name, undefined);
  vi.stubEnv("LAB_TOKEN", labToken);
  vi.stubEnv("LAB_PASSWORD", labPassword);
  return fixture;
}

/** What a folder holds, without ids, change keys and times of changes. */
function itemPicture(item: LabItem) {
  const { subject, internetMessageId, isRead, isDraft, categories, flag, receivedAt, text, meeting } = item;
  // What the exceptions of an undo name of a calendar entry is left out.
  if (isEntry(item)) return { subject, start: meeting?.start, end: meeting?.end, location: meeting?.location };
  const { status, startAt, dueAt, completeAt } = flag;
  const flagged = { status, startAt, dueAt, completeAt };
  return { subject, internetMessageId, isRead, isDraft, categories, flag: flagged, receivedAt, text };
}

const isEntry = ({ itemClass }: LabItem) => itemClass.startsWith("IPM.Appointment");
/** A removed entry lies among what was deleted, as the exceptions of an undo say. */
const isPictured = (item: LabItem) => !isEntry(item) || item.folder.distinguishedName === "calendar";

/** The folders of a mailbox that its owner sees and the Deletions of the Recoverable Items, with what they hold. */
export function pictureOf(mailbox: LabMailbox): readonly string[] {
  const picture = (folder: LabFolder, path: string): readonly string[] => [
    path,
    ...[...folder.items.values()].filter(isPictured).map((item) => `${path}: ${JSON.stringify(itemPicture(item))}`),
    ...folder.children.flatMap((child) => picture(child, `${path}/${child.name}`)),
  ];
  return [mailbox.root, mailbox.known("recoverableitemsdeletions")].flatMap((folder) => picture(folder, folder.name)).sort();
}
