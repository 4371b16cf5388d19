import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { openSweepFixture, type SweepFixture } from "../../sweeps/sweep-fixture.ts";

const people = ["user01@example.com", "user02@example.com"];

describe.each(backends)("at a terminal, a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  let id = "";
  let number = 0;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
  });
  afterAll(() => fixture.close());
  beforeEach(() => {
    number += 1;
    id = `<terminal.${number}@mailer.example.net>`;
    for (const person of people) fixture.host.put(person, { internetMessageId: id, subject: "Your invoice" });
  });
  const named = (...words: readonly string[]) => ["plan", "--internet-message-id", id, "--then", "delete-email", ...words];
  const plan = (...words: readonly string[]) => fixture.sweep(...named("--mailboxes", people.join(","), ...words));
  const hard = ["--delete-type", "hard", "--confirm-hard", "--keep-evidence", "--residue", "none"];

  test("shows in its plan the messages that were looked for and the next command, with the settings file", async () => {
    const { exit, out } = await fixture.terminal("", ...named("--mailboxes", people.join(",")));
    expect(exit).toBe(0);
    expect(out).toContain(`Internet Message-ID ${id}`);
    const [, next] = /Next: (mailcordon sweep run \S+ --config \S+)/.exec(out) ?? [];
    expect(next).toContain(fixture.config);
  });

  test("counts one mailbox and one message in the singular, in the plan and in the question", async () => {
    const [person = ""] = people;
    const { out } = await fixture.terminal("", ...named("--mailboxes", person));
    expect(out).toContain("1 message in 1 mailbox.");
    const [, name = ""] = /sweep run (\S+)/.exec(out) ?? [];
    const asked = await fixture.terminal("n\n", "run", name);
    expect(asked.err).toContain("delete-email: 1 message in 1 mailbox.");
    expect(asked.err).toContain(`Internet Message-ID ${id}`);
    expect(asked.exit).toBe(4);
  });

  test("says why messages failed or changed, in run, status and report", async () => {
    const planned = await plan();
    const [first = ""] = people;
    const box = fixture.host.mailbox(first);
    for (const item of [...box.items()]) if (item.internetMessageId === id) box.update(item, { subject: "Another subject" });
    const ran = await fixture.terminal("", "run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran.exit).toBe(6);
    for (const { out } of [ran, await fixture.terminal("", "status", planned.sweep)]) {
      expect(out).toContain("Messages that need attention:");
      expect(out).toMatch(/changed: user01@example\.com, Inbox: Your invoice\. .*subject/);
    }
    const { out } = await fixture.terminal("", "report", planned.sweep);
    expect(out).toMatch(/State +Reason/);
  });

  test("says how many messages came back as copies, in undo, status and the CSV report", async () => {
    const planned = await plan(...hard);
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone).toMatchObject({ exit: 0, counts: { undone: 2, restored_copies: 2 } });
    expect(undone.message).toContain("Undone: 2 (2 of them are copies restored from evidence)");
    expect(await fixture.sweep("status", planned.sweep)).toMatchObject({ counts: { restored_copies: 2 } });
    const { text } = await fixture.sweep("report", planned.sweep, "--format", "csv");
    const [head, ...rows] = text.trim().split("\r\n");
    expect(head.split(",")).toEqual(expect.arrayContaining(["residue", "relation", "why", "restored_copy", "lost", "arrived_at"]));
    for (const row of rows) expect(row.split(",")[head.split(",").indexOf("restored_copy")]).toBe('"true"');
  });

  test("names flags in its errors, and fields nowhere", async () => {
    const refused = async (...words: readonly string[]) => {
      const { exit, err } = await fixture.terminal("", ...words);
      expect([2, 4]).toContain(exit);
      expect(err).toMatch(/^mailcordon: /);
      return err;
    };
    expect(await refused(...named("--mailboxes", "all", "--delete-type", "hard"))).toContain("--confirm-hard");
    expect(await refused("plan", "--mailboxes", "all", "--then", "delete-email")).toContain("--internet-message-id");
    expect(await refused(...named("--mailboxes", "all", "--later-limit", "3"))).toContain(
      "--for is required: --later-limit and --look-every",
    );
    expect(await refused(...named("--mailboxes", "all", "--find", "tracking-log"))).toContain("--tracking-log is required");
    expect(await refused(...named("--mailboxes", "all", "--residue", "none,sender"))).toContain("--residue: put none");
    expect(await refused(...named("--mailboxes", "all", "--max-items", "many"))).toContain("--max-items: is not a number");
    expect(await refused("plan", "--internet-message-id", id, "--mailboxes", "all", "--then", "get-contacts")).toContain(
      "--then: a sweep cannot",
    );
  });

  test("names flags where a limit is not kept", async () => {
    const { exit, err } = await fixture.terminal("", ...named("--mailboxes", people.join(","), "--max-items", "1"));
    expect([exit, err]).toEqual([5, expect.stringContaining("Found 2 messages, more than --max-items allows (1).")]);
  });

  test("lists the flags of the actions in its help", async () => {
    const { out } = await fixture.terminal("", "--help");
    for (const flag of ["--confirm-hard", "--archive", "--keep-evidence", "--destination-folder", "--name-pattern"])
      expect(out).toMatch(new RegExp(`^  ${flag}\\b`, "m"));
    expect(out).not.toMatch(/confirm_hard|delete_type|tracking_log|name_pattern|internet_message_id/);
  });

  test("is no success if it was paused before its end", async () => {
    const planned = await plan();
    const stopped = await fixture.sweepUntil(AbortSignal.abort(), "run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(stopped).toMatchObject({
      exit: 130,
      success: false,
      state: "paused",
      message: expect.stringContaining("paused before its end"),
    });
  });

  test("names members outside the organisation although a message tracking log is given", async () => {
    const log = join(fixture.folder, "tracking.csv");
    writeFileSync(
      log,
      `"Timestamp","EventId","Source","MessageId","Sender","MessageSubject","RelatedRecipientAddress","Recipients"\n"11/30/2026","DELIVER","STOREDRIVER","${id}","m@example.net","Invoice","","finance@example.com"\n`,
    );
    const planned = await fixture.sweep(...named("--group", "invoices@example.com,partners@example.com", "--tracking-log", log));
    expect(planned.not_examined).toContainEqual({
      mailbox: "contact@example.org",
      message: expect.stringContaining("partners@example.com"),
    });
  });
});
