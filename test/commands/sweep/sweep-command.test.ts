import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/state/postgres.ts";
import { backends } from "../../actions/lab-host.ts";
import { openSweepFixture, type Printed, type SweepFixture } from "../../sweeps/sweep-fixture.ts";

const people = ["user01@example.com", "user02@example.com", "user03@example.com"];
const all = people.join(",");

describe.each(backends)("a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  let id = "";
  let number = 0;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
  });
  afterAll(() => fixture.close());
  beforeEach(() => {
    number += 1;
    id = `<campaign.${number}@mailer.example.net>`;
    for (const person of people) {
      fixture.host.put(person, {
        internetMessageId: id,
        subject: "Your invoice",
        isRead: true,
        categories: ["Red"],
        flag: { status: "Flagged" },
      });
    }
  });

  /** Returns the folder and state of each message of the campaign. */
  const places = () =>
    people.flatMap((person) =>
      [...fixture.host.mailbox(person).items()]
        .filter((item) => item.internetMessageId === id)
        .map((item) => `${item.folder.name} ${item.isRead} ${item.categories.join()} ${item.flag?.status}`),
    );
  const there = people.map(() => "Inbox true Red Flagged");
  const away = people.map(() => "Deletions true Red Flagged");
  const plan = (...words: readonly string[]) =>
    fixture.sweep("plan", "--internet-message-id", id, "--mailboxes", all, "--then", "delete-email", ...words);
  const run = (planned: Printed) => fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");

  test("freezes its plan and changes nothing by planning", async () => {
    const planned = await plan("--keep-evidence", "--max-items", "3");
    expect(planned).toMatchObject({ exit: 0, success: true, state: "planned", action: "delete-email", input: { keep_evidence: true } });
    expect(planned.counts).toMatchObject({ messages: 3, mailboxes: 3, examined: 3, unexamined: 0, waiting: 3 });
    expect(planned.targets.map(({ mailbox }: { mailbox: string }) => mailbox)).toEqual(people);
    expect(planned.targets[0]).toMatchObject({
      internet_message_id: id,
      subject: "Your invoice",
      folder_path: "Inbox",
      from: "billing@example.net",
    });
    expect(places()).toEqual(there);
    expect(await fixture.sweep("status", planned.sweep)).toMatchObject({ state: "planned", plan_hash: planned.plan_hash });
  });

  test("is planned by a query over many mailboxes without a warning of Node.js", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error) => warnings.push(warning.message);
    process.on("warning", hear);
    const planned = await fixture.sweep("plan", "--mailboxes", "all", "--subject", "Your invoice", "--then", "delete-email");
    // Node.js warns in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("warning", hear);
    expect(planned.counts.examined).toBeGreaterThan(20);
    expect(warnings).toEqual([]);
  });

  test("acts once on each message, keeps evidence, and leaves its name in the audit log", async () => {
    const planned = await plan("--keep-evidence");
    const ran = await run(planned);
    expect(ran).toMatchObject({ exit: 0, success: true, state: "finished", counts: { done: 3, waiting: 0, unknown: 0, failed: 0 } });
    expect(ran.left_alone).toContain("Archive mailboxes are not searched. Over EWS, --archive includes them.");
    expect(places()).toEqual(away);
    const { targets } = await fixture.sweep("report", planned.sweep);
    for (const target of targets) {
      expect(target).toMatchObject({ state: "done", attempts: 1, outcome: { action: "soft_deleted", verified: true } });
      expect(target.outcome.evidence.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    const entries = fixture.audit().filter(({ sweep }) => sweep === planned.sweep);
    expect(entries.map(({ action, phase }) => `${action} ${phase}`).sort()).toEqual(
      [
        "sweep plan began",
        "sweep approve began",
        "sweep run began",
        ...people.flatMap(() => ["delete-email began", "delete-email ended"]),
      ].sort(),
    );
    // A finished target is not changed again.
    expect(await fixture.sweep("run", planned.sweep, "--yes")).toMatchObject({ exit: 0, counts: { done: 3 } });
    expect((await fixture.sweep("report", planned.sweep)).targets.map(({ attempts }: { attempts: number }) => attempts)).toEqual([1, 1, 1]);
  });

  test("is undone message by message, with read state, flag and categories, and a second undo changes nothing", async () => {
    const planned = await plan();
    await run(planned);
    expect(await fixture.sweep("undo", planned.sweep)).toMatchObject({ error: { code: "confirmation-required" } });
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ exit: 0, success: true, counts: { undone: 3 } });
    expect(places()).toEqual(there);
    const { targets } = await fixture.sweep("report", planned.sweep);
    expect(targets.map(({ undo }: { undo: string }) => undo)).toEqual(["undone", "undone", "undone"]);
    const moves = fixture.audit().filter(({ action }) => action === "sweep undo").length;
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ exit: 0, counts: { undone: 3 } });
    expect(places()).toEqual(there);
    // The log contains only the request.
    expect(fixture.audit().filter(({ action }) => action === "sweep undo").length).toBe(moves + 1);
    expect(await fixture.sweep("run", planned.sweep, "--yes")).toMatchObject({ error: { code: "changed" } });
  });

  test("leaves items that differ from the plan unchanged and reports the difference", async () => {
    const planned = await plan();
    const [one = "", two = "", three = ""] = people;
    const itemOf = (person: string) => {
      const found = [...fixture.host.mailbox(person).items()].find((item) => item.internetMessageId === id);
      if (found === undefined) throw new Error("the message is not there");
      return found;
    };
    const box = fixture.host.mailbox(one);
    box.move(itemOf(one), box.known("drafts"));
    fixture.host.mailbox(two).update(itemOf(two), { subject: "Another subject" });
    fixture.host.mailbox(three).remove(itemOf(three));
    expect(await run(planned)).toMatchObject({ exit: 6, success: false, counts: { done: 0, changed: 2, gone: 1 } });
    const { targets } = await fixture.sweep("report", planned.sweep);
    expect(targets.map(({ state, outcome }: { state: string; outcome: { differs?: string[] } }) => [state, outcome.differs])).toEqual([
      ["changed", ["folder_id"]],
      ["changed", expect.arrayContaining(["subject"])],
      ["gone", []],
    ]);
    expect(itemOf(one).folder.name).toBe("Drafts");
    expect(itemOf(two).folder.name).toBe("Inbox");
  });

  test("names each mailbox that it could not search, with the reason", async () => {
    const planned = await fixture.sweep(
      "plan",
      "--internet-message-id",
      id,
      "--mailboxes",
      `${all},nobody@example.com`,
      "--then",
      "delete-email",
    );
    expect(planned).toMatchObject({ exit: 6, success: false, incomplete: true, counts: { messages: 3, examined: 3, unexamined: 1 } });
    expect(planned.unexamined).toMatchObject([{ mailbox: "nobody@example.com", code: "mailbox-not-found" }]);
  });

  test("has no plan if a limit is exceeded", async () => {
    for (const limit of [
      ["--max-items", "2"],
      ["--max-mailboxes", "2"],
      ["--expected-count", "4"],
      ["--expected-per-mailbox", "2"],
    ]) {
      expect(await plan(...limit)).toMatchObject({ error: { code: "unexpected-count" } });
    }
    expect(await plan("--expected-count", "3", "--expected-per-mailbox", "1")).toMatchObject({ exit: 0 });
  });

  test("runs only by the hash of its plan, as it was made", async () => {
    const planned = await plan();
    const other = await plan("--delete-type", "trash");
    expect(other.plan_hash).not.toBe(planned.plan_hash);
    expect(await fixture.sweep("run", planned.sweep)).toMatchObject({ error: { code: "confirmation-required" } });
    expect(await fixture.sweep("run", planned.sweep, "--yes")).toMatchObject({ error: { code: "confirmation-required" } });
    expect(await run({ ...planned, plan_hash: other.plan_hash })).toMatchObject({ error: { code: "changed" } });
    expect(await fixture.sweep("approve", planned.sweep, "--plan", other.plan_hash)).toMatchObject({ error: { code: "changed" } });
    expect(await fixture.sweep("approve", planned.sweep, "--plan", planned.plan_hash)).toMatchObject({ exit: 0, state: "approved" });
    const database = await openDatabase({ directory: `${fixture.folder}/state` });
    await database.execute("UPDATE mailcordon.sweep_targets SET facts = replace(facts, 'user02', 'user04') WHERE sweep = $1", [
      planned.sweep,
    ]);
    await database.close();
    expect(await fixture.sweep("run", planned.sweep)).toMatchObject({
      error: { code: "changed", message: expect.stringContaining("somebody") },
    });
    expect(places()).toEqual(there);
  });

  test("can be cancelled before it begins, and can be paused and resumed", async () => {
    const cancelled = await plan();
    expect(await fixture.sweep("cancel", cancelled.sweep)).toMatchObject({ exit: 0, state: "cancelled" });
    expect(await run(cancelled)).toMatchObject({ error: { code: "changed" } });
    const planned = await plan();
    expect(await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes", "--detach")).toMatchObject({ state: "running" });
    expect(await fixture.sweep("pause", planned.sweep)).toMatchObject({ state: "paused", counts: { waiting: 3 } });
    expect(places()).toEqual(there);
    expect(await fixture.sweep("resume", planned.sweep)).toMatchObject({ exit: 0, state: "finished", counts: { done: 3 } });
    expect(places()).toEqual(away);
  });

  test("is refused if the connection leads to another server than before", async () => {
    const planned = await plan();
    const before = process.env.MAILCORDON_ACCESS;
    process.env.MAILCORDON_ACCESS = "delegate";
    try {
      expect(await run(planned)).toMatchObject({ exit: -1, error: { code: "invalid-settings" } });
      expect(await fixture.sweep("status", planned.sweep)).toMatchObject({ state: "planned" });
    } finally {
      if (before === undefined) delete process.env.MAILCORDON_ACCESS;
      else process.env.MAILCORDON_ACCESS = before;
    }
    expect(places()).toEqual(there);
  });

  test("reports irreversible changes in the plan", async () => {
    expect((await plan()).cannot_be_undone).toEqual([]);
    expect((await plan("--delete-type", "hard", "--confirm-hard")).cannot_be_undone).toHaveLength(1);
    // An input that the action would refuse must not become a plan.
    expect(await plan("--delete-type", "hard")).toMatchObject({ exit: -1, error: { code: "confirmation-required" } });
    const kept = await plan("--delete-type", "hard", "--confirm-hard", "--keep-evidence");
    expect(kept).toMatchObject({ cannot_be_undone: [], restored_from_evidence: [expect.stringContaining("with new ids")] });
    expect(await fixture.sweep("plan", "--internet-message-id", id, "--mailboxes", all, "--then", "send-email")).toMatchObject({
      error: { code: "invalid-input" },
    });
    expect(await fixture.sweep("plan", "--internet-message-id", id, "--mailboxes", all)).toMatchObject({
      error: { code: "invalid-input" },
    });
  });

  describe("that deletes for good", () => {
    const hard = ["--delete-type", "hard", "--confirm-hard"];
    /** Returns the messages that an owner sees. */
    const visible = () => places().filter((place) => !/^(Deletions|Purges)/.test(place));

    test("is undone from evidence, lists the losses of each copy, and a second undo creates none", async () => {
      const planned = await plan(...hard, "--keep-evidence");
      expect(await run(planned)).toMatchObject({ counts: { done: 3 } });
      expect(visible()).toEqual([]);
      const undone = await fixture.sweep("undo", planned.sweep, "--yes");
      expect(undone).toMatchObject({ exit: 0, state: "finished", counts: { undone: 3 } });
      expect(undone.counts).not.toHaveProperty("not_undone");
      expect(visible()).toEqual(people.map(() => "Inbox true Red Flagged"));
      const lost = backend === "ews" ? [] : ["sent", "received_time"];
      const report = await fixture.sweep("report", planned.sweep);
      for (const target of report.targets) expect(target.undo_outcome).toMatchObject({ restored_copy: true, verified: true, lost });
      await fixture.sweep("undo", planned.sweep, "--yes");
      expect(visible()).toHaveLength(3);
    });

    test("does not report a restored copy as verified that a second look does not find in its folder", async () => {
      const planned = await plan(...hard, "--keep-evidence");
      await run(planned);
      const boxes = people.map((person) => fixture.host.mailbox(person));
      // As a rule of the owner does, which moves what arrives.
      for (const box of boxes) {
        const [add, move] = [box.add.bind(box), box.move.bind(box)];
        const elsewhere = (folder: typeof box.root) => (folder.name === "Inbox" ? box.known("junkemail") : folder);
        box.add = (folder, item) => add(elsewhere(folder), item);
        box.move = (item, folder) => move(item, elsewhere(folder));
      }
      await fixture.sweep("undo", planned.sweep, "--yes");
      for (const box of boxes) {
        Reflect.deleteProperty(box, "add");
        Reflect.deleteProperty(box, "move");
      }
      for (const { undo_outcome } of (await fixture.sweep("report", planned.sweep)).targets)
        expect(undo_outcome).toMatchObject({ restored_copy: true, verified: false, message: expect.stringContaining("second look") });
    });

    test("is not undone without evidence, and says so before and after", async () => {
      const planned = await plan(...hard);
      expect(planned.cannot_be_undone).toEqual([expect.stringContaining("With keep_evidence, copies could be restored.")]);
      await run(planned);
      const { counts } = await fixture.sweep("undo", planned.sweep, "--yes");
      expect(counts).toMatchObject({ not_undoable: 3 });
      expect(counts).not.toHaveProperty("undone");
      expect(visible()).toEqual([]);
    });

    test("restores nothing from evidence that somebody has changed", async () => {
      const planned = await plan(...hard, "--keep-evidence");
      await run(planned);
      const [first] = (await fixture.sweep("report", planned.sweep)).targets;
      const file = first.outcome.evidence.file_ref;
      const bytes = readFileSync(file);
      chmodSync(file, 0o600);
      writeFileSync(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from("X")]));
      const undone = await fixture.sweep("undo", planned.sweep, "--yes");
      expect(undone.counts.not_undone).toBeGreaterThan(0);
      const failed = (await fixture.sweep("report", planned.sweep)).targets.filter(({ undo }: { undo: string }) => undo === "failed");
      expect(failed[0].undo_outcome.error).toMatchObject({ code: "evidence-failed", message: expect.stringContaining("other bytes") });
    });
  });

  test("marks messages as junk, and its undo returns them to their folder", async () => {
    const planned = await fixture.sweep("plan", "--internet-message-id", id, "--mailboxes", all, "--then", "junk-mail");
    expect(await run(planned)).toMatchObject({ exit: 0, counts: { done: 3 } });
    expect(places().map((place) => place.split(" true")[0])).toEqual(["Junk Email", "Junk Email", "Junk Email"]);
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ exit: 0, counts: { undone: 3 } });
    expect(places()).toEqual(there);
  });
});
