import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { backends } from "../actions/lab-host.ts";
import { openSweepFixture, type SweepFixture } from "./sweep-fixture.ts";

const id = "<files.1@mailer.example.net>";
const people = ["user01@example.com", "user02@example.com", "user03@example.com"];
const bad = Buffer.from("bad content");
const sha256 = createHash("sha256").update(bad).digest("hex");

describe.each(backends)("a sweep of attachments over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());
  const open = async () => {
    fixture = await openSweepFixture(backend);
    for (const person of people)
      fixture.host.put(person, {
        internetMessageId: id,
        subject: "Files",
        attachments: [
          { kind: "file", name: "invoice.html", contentType: "text/html", content: bad },
          { kind: "file", name: "notes.txt", contentType: "text/plain", content: Buffer.from("good") },
        ],
      });
  };
  const left = () =>
    people.map((person) =>
      [...fixture.host.mailbox(person).items()].flatMap((item) =>
        item.internetMessageId === id ? item.attachments.map(({ name }) => name) : [],
      ),
    );
  const plan = (...words: readonly string[]) =>
    fixture.sweep("plan", "--internet-message-id", id, "--mailboxes", people.join(","), "--then", "delete-attachments", ...words);

  test.each([
    ["name", ["--name-pattern", "*.html"]],
    ["hash", ["--sha256", sha256]],
  ])("deletes those of a %s, keeps each as evidence first, and says before and after that it cannot be undone", async (_, words) => {
    await open();
    const planned = await plan(...words);
    expect(planned).toMatchObject({ exit: 0, counts: { messages: 3 } });
    expect(planned.cannot_be_undone).toEqual([expect.stringContaining("A copy of each is kept as evidence first")]);
    for (const target of planned.targets) expect(target.attachments).toMatchObject([{ name: "invoice.html" }]);
    expect(left()).toEqual(people.map(() => ["invoice.html", "notes.txt"]));
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ exit: 0, counts: { done: 3, failed: 0 } });
    expect(left()).toEqual(people.map(() => ["notes.txt"]));
    const { targets } = await fixture.sweep("report", planned.sweep);
    for (const { outcome } of targets)
      expect(outcome.attachments).toMatchObject([{ name: "invoice.html", action: "deleted", evidence: { sha256 } }]);
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone.counts).toMatchObject({ not_undoable: 3 });
  });

  test("touches only the attachments of the plan", async () => {
    await open();
    const planned = await plan("--all");
    const [first] = [...fixture.host.mailbox(people[0] ?? "").items()].filter(({ internetMessageId }) => internetMessageId === id);
    if (first === undefined) throw new Error("It was not put there.");
    fixture.host
      .mailbox(people[0] ?? "")
      .addAttachment(first, { kind: "file", name: "later.txt", contentType: "text/plain", content: Buffer.from("later") });
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(left()[0]).toContain("later.txt");
    expect(left().slice(1)).toEqual([[], []]);
  });

  test("whose worker died after the deletion is settled by a look, and nothing is deleted twice", async () => {
    await open();
    const planned = await plan("--name-pattern", "*.html");
    // The reply is lost after the attachment was deleted, so its outcome is not known.
    const operation = backend === "ews" ? "DeleteAttachment" : "attachment-delete";
    fixture.host.lab.addFault({ kind: "reset-after", operation, times: 2 });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ counts: { done: 3, failed: 0 } });
    expect(left()).toEqual(people.map(() => ["notes.txt"]));
  });
});

describe.each(backends)("a sweep of copies over %s", (backend) => {
  test("copies each message once into the folder of a case, and says that the copies stay", async () => {
    const fixture = await openSweepFixture(backend);
    try {
      for (const person of people) fixture.host.put(person, { internetMessageId: id, subject: "Evidence" });
      const planned = await fixture.sweep(
        ...["plan", "--internet-message-id", id, "--mailboxes", people.join(","), "--then", "copy-email"],
        ...["--destination-folder", "Cases", "--create-folder"],
      );
      expect(planned).toMatchObject({ exit: 0, counts: { messages: 3 }, cannot_be_undone: [expect.any(String)] });
      const run = () => fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
      expect(await run()).toMatchObject({ exit: 0, counts: { done: 3 } });
      const places = () =>
        people.map((person) =>
          [...fixture.host.mailbox(person).items()]
            .filter(({ internetMessageId }) => internetMessageId === id)
            .map(({ folder }) => folder.name)
            .sort(),
        );
      expect(places()).toEqual(people.map(() => ["Cases", "Inbox"]));
      await fixture.sweep("run", planned.sweep, "--yes");
      expect(places()).toEqual(people.map(() => ["Cases", "Inbox"]));
      expect((await fixture.sweep("undo", planned.sweep, "--yes")).counts).toMatchObject({ not_undoable: 3 });
    } finally {
      await fixture.close();
    }
  });
});
