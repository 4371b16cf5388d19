import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { manyAddress, seedMany } from "../../src/lab/seed/seed-many.ts";
import { openOrganisation, organisations, pictureOf } from "./organisation.ts";
import type { SweepFixture } from "./sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";

describe.each(organisations)("a sweep of 500 mailboxes over %s", (organisation) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  test("acts on each message once, and its undo brings back every mailbox as it was", async () => {
    const addresses = Array.from({ length: 500 }, (_, at) => manyAddress(at + 1));
    fixture = await openOrganisation(organisation, addresses.slice(0, 250));
    seedMany(fixture.host.lab.store, { mailboxes: addresses.length, messages: 3 });
    const hit = addresses.filter((_, at) => at % 20 === 0);
    for (const [at, person] of hit.entries()) {
      const state = {
        isRead: at % 2 === 0,
        categories: at % 3 === 0 ? ["Red category"] : [],
        receivedAt: new Date(Date.UTC(2026, 4, 1, 8, at)),
      };
      fixture.host.put(person, { internetMessageId: messageId, subject: `Bill ${at}`, ...state }, at % 4 === 0 ? "inbox/Bills" : "inbox");
    }
    const before = addresses.map((person) => pictureOf(fixture.host.mailbox(person)));
    const list = join(fixture.folder, "mailboxes.txt");
    writeFileSync(list, addresses.join("\n"));
    const planned = await fixture.sweep("plan", "--internet-message-id", messageId, "--mailboxes-file", list, "--then", "delete-email");
    expect(planned.counts).toMatchObject({ messages: hit.length, mailboxes: hit.length, examined: addresses.length, unexamined: 0 });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran.counts).toMatchObject({ done: hit.length, failed: 0, changed: 0, gone: 0 });
    const hits: ReadonlySet<string> = new Set(hit);
    const without = before.map((lines, at) => lines.filter((line) => !hits.has(addresses[at] ?? "") || !line.includes(messageId)));
    const visible = addresses.map((person) =>
      pictureOf(fixture.host.mailbox(person)).filter((line) => !/^Deletions: .*campaign\.1/.test(line)),
    );
    expect(visible).toEqual(without);
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone.counts).toMatchObject({ undone: hit.length });
    expect(addresses.map((person) => pictureOf(fixture.host.mailbox(person)))).toEqual(before);
    const acts = fixture.audit().filter(({ phase, action }) => phase === "ended" && action === "delete-email");
    expect(acts).toHaveLength(hit.length);
    expect(new Set(acts.map(({ backend }) => backend))).toEqual(new Set(organisation === "hybrid" ? ["ews", "graph"] : [organisation]));
  });
});
