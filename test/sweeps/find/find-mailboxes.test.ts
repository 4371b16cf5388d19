import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { openSweepFixture, type Printed, type SweepFixture } from "../sweep-fixture.ts";

const campaign = "<20f7c1.4711@mailer.example.net>";
const hits = ["finance@example.com", "payroll@example.com", "purchasing@example.com", "reception@example.com"];

describe.each(backends)("the mailboxes of a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
  });
  afterAll(() => fixture.close());
  const plan = (...words: readonly string[]) => fixture.sweep("plan", "--then", "delete-email", ...words);
  const byId = (...words: readonly string[]) => plan("--internet-message-id", campaign, ...words);
  const boxes = ({ targets }: Printed) => targets.map(({ mailbox }: { mailbox: string }) => mailbox).sort();
  const file = (name: string, text: string | Buffer) => {
    const path = join(fixture.folder, name);
    writeFileSync(path, text);
    return path;
  };

  test("are those of a file, together with those that are named", async () => {
    const path = file("people.csv", "\ufeffName;PrimarySmtpAddress\r\nFinance;finance@example.com\r\nPayroll;payroll@example.com\r\n");
    const planned = await byId("--mailboxes-file", path, "--mailboxes", "reception@example.com");
    expect(planned).toMatchObject({ exit: 0, counts: { messages: 3, examined: 3 } });
    expect(boxes(planned)).toEqual(["finance@example.com", "payroll@example.com", "reception@example.com"]);
  });

  test("are read from a file in UTF-16 as well, as Windows writes it", async () => {
    const path = file("utf16.txt", Buffer.from("\ufefffinance@example.com\r\n", "utf16le"));
    expect(boxes(await byId("--mailboxes-file", path))).toEqual(["finance@example.com"]);
  });

  test("of a file with a bad row make no plan", async () => {
    const planned = await byId("--mailboxes-file", file("bad.csv", "Mailbox\nfinance@example.com\nnobody\n"));
    expect(planned.error).toMatchObject({ code: "invalid-input", message: expect.stringContaining("row 3") });
    const missing = await byId("--mailboxes-file", join(fixture.folder, "missing.csv"));
    expect(missing.error).toMatchObject({ code: "invalid-input", message: expect.stringContaining("ENOENT") });
  });

  test("are those of the members of a group, with groups inside that hold each other, and each is looked into once", async () => {
    const planned = await byId("--group", "invoices@example.com,partners@example.com", "--mailboxes", "finance@example.com");
    expect(boxes(planned)).toEqual(hits);
    expect(planned).toMatchObject({
      exit: 0,
      counts: { examined: 5, unexamined: 0 },
      find: { groups: ["invoices@example.com", "partners@example.com"] },
    });
    expect(planned.not_examined).toMatchObject([
      { mailbox: "contact@example.org", message: expect.stringContaining("partners@example.com") },
    ]);
  });

  test("of a group that there is not make no plan", async () => {
    expect((await byId("--group", "nobody@example.com")).error).toMatchObject({ code: "not-found" });
  });

  test("are looked into once although two addresses name the same one", async () => {
    const planned = await byId("--mailboxes", "finance@example.com,accounts@example.com");
    expect(planned).toMatchObject({ counts: { messages: 1 } });
  });

  test("are those of recipients in a message tracking log, and the plan states the limits of the log", async () => {
    const rows = [
      "EventId,MessageId,Sender,MessageSubject,RelatedRecipientAddress,Recipients",
      `RECEIVE,${campaign},billing@example.net,x,,finance-team@example.com;carl@example.org`,
      `EXPAND,${campaign},billing@example.net,x,finance-team@example.com,finance@example.com;payroll@example.com`,
      `DELIVER,${campaign},billing@example.net,x,,finance@example.com;payroll@example.com`,
      `SENDEXTERNAL,${campaign},billing@example.net,x,,carl@example.org`,
    ];
    const planned = await byId("--tracking-log", file("log.csv", rows.join("\n")));
    expect(boxes(planned)).toEqual(["finance@example.com", "payroll@example.com"]);
    expect(planned.find).toMatchObject({
      tracking_log: { rows: 4, matched: 4, recipients: 2 },
      finders: [expect.stringContaining("names 2 recipients")],
    });
    expect(planned.not_examined).toMatchObject([{ mailbox: "carl@example.org" }, { mailbox: "finance-team@example.com" }]);
    expect(planned.left_alone).toContainEqual(expect.stringContaining("did not look for copies in mailboxes that it does not name"));
  });

  test("need a scope or a finder", async () => {
    expect((await byId()).error).toMatchObject({ code: "invalid-input", message: expect.stringContaining("--mailboxes is required") });
    expect((await byId("--find", "tracking-log")).error).toMatchObject({ message: expect.stringContaining("--tracking-log") });
  });

  test("and messages of a campaign with differing Message-IDs are found by sender, subject and time", async () => {
    const day = new Date(Date.now() - 86_400_000).toISOString();
    const planned = await plan(
      "--mailboxes",
      "all",
      "--sender",
      "billing@example.net",
      "--subject",
      "overdue invoice 4711",
      "--received-after",
      day,
    );
    expect(planned.exit).toBe(0);
    const ids = new Set(planned.targets.map(({ internet_message_id }: { internet_message_id: string }) => internet_message_id));
    expect([...ids].sort()).toEqual([
      "<20f7c1.4711@mailer.example.net>",
      "<20f7c2.4711@mailer.example.net>",
      "<20f7c3.4711@mailer.example.net>",
    ]);
    expect(planned.counts).toMatchObject({ messages: 10, mailboxes: 10 });
    expect(planned.find.query).toEqual({ sender: "billing@example.net", subject: "overdue invoice 4711", received_after: day });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ exit: 0, counts: { done: 10 } });
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ counts: { undone: 10 } });
  });

  test("and messages with an attachment of a hash are found if another filter limits the downloads", async () => {
    const sha256 = "87b5c2d2f4a1a9d1f31ee8a1d0e8c9b0b3a7b5d5e0f8b1f7c0d4c0d4c0d4c0d4";
    expect((await plan("--mailboxes", "all", "--attachment-sha256", sha256)).error).toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("every attachment of every message would be downloaded"),
    });
    const { createHash } = await import("node:crypto");
    const real = createHash("sha256").update("This file belongs to a practice campaign. It does nothing.\r\n").digest("hex");
    const planned = await plan("--mailboxes", "all", "--attachment-sha256", real.toUpperCase(), "--sender", "billing@example.net");
    expect(new Set(planned.targets.map(({ internet_message_id }: { internet_message_id: string }) => internet_message_id))).toContain(
      campaign,
    );
    expect(
      planned.targets.every(
        ({ internet_message_id }: { internet_message_id: string }) => internet_message_id !== "<20f7c2.4711@mailer.example.net>",
      ),
    ).toBe(true);
    expect(planned.left_alone).toContainEqual(expect.stringContaining("only attachments are inline"));
  });
});

describe("message trace as the finder of a sweep", () => {
  let fixture: SweepFixture;
  beforeAll(async () => {
    fixture = await openSweepFixture("graph");
  });
  afterAll(() => fixture.close());
  const plan = (...words: readonly string[]) =>
    fixture.sweep("plan", "--then", "delete-email", "--internet-message-id", campaign, ...words);
  const boxes = ({ targets }: Printed) => targets.map(({ mailbox }: { mailbox: string }) => mailbox).sort();

  test("looks into the mailboxes of recipients alone, and says where it did not look", async () => {
    const planned = await plan("--find", "trace");
    expect(planned).toMatchObject({ exit: 0, counts: { messages: 6, examined: 6 }, find: { traced: { windows: 9, recipients: 6 } } });
    expect(planned.find.finders).toEqual([
      expect.stringMatching(/^Message trace from .* \(9 windows\) names 6 recipients.* 1 group among them was opened\.$/),
    ]);
    expect(planned.left_alone).toContainEqual(expect.stringContaining("did not look for copies in mailboxes that it does not name"));
    expect(planned.left_alone).toContainEqual(expect.stringContaining("does not remember what came before"));
  });

  test("names recipients who are not in the mailboxes of the plan", async () => {
    const planned = await plan("--find", "trace", "--group", "finance-team@example.com");
    expect(boxes(planned)).toEqual(["finance@example.com", "payroll@example.com", "purchasing@example.com"]);
    expect(planned.not_examined.map(({ mailbox }: { mailbox: string }) => mailbox).sort()).toEqual([
      ...["reception@example.com", "user03@example.com", "user05@example.com"],
    ]);
  });

  test("gives way to a search with auto where the application lacks the permission, and not with trace", async () => {
    fixture.host.lab.addFault({ kind: "403", operation: "messagetracingroot-list-messagetraces", times: 4 });
    expect((await plan("--find", "trace")).error).toMatchObject({ code: "role-missing" });
    const planned = await plan("--find", "auto", "--mailboxes", "finance@example.com,user06@example.com");
    expect(planned).toMatchObject({ exit: 0, counts: { examined: 2, messages: 1 } });
    expect(planned.find.finders).toContain("Message trace was not possible, or names no recipient.");
    fixture.host.lab.clearFaults();
  });

  test("that names no recipient makes no plan, since no mailbox was looked into", async () => {
    const planned = await fixture.sweep(
      "plan",
      "--then",
      "delete-email",
      "--internet-message-id",
      "<unknown@example.net>",
      "--find",
      "trace",
    );
    expect(planned.error).toMatchObject({ code: "could-not-look", message: expect.stringContaining("names 0 recipients") });
  });

  test("names quarantined and failed recipients, in whose mailbox the message is not", async () => {
    const [row] = fixture.host.lab.store.traces.filter(({ messageId }) => messageId === campaign);
    if (row === undefined) throw new Error("The campaign left no trace.");
    for (const [recipientAddress, status] of [
      ["user08@example.com", "quarantined"],
      ["user09@example.com", "failed"],
    ] as const)
      fixture.host.lab.store.traces.push({ ...row, recipientAddress, status });
    const planned = await plan("--find", "trace");
    expect(planned.not_examined).toEqual([
      { mailbox: "user08@example.com", message: expect.stringContaining("quarantine") },
      { mailbox: "user09@example.com", message: expect.stringContaining("did not deliver") },
    ]);
    expect(planned.counts).toMatchObject({ examined: 6 });
  });
});

test("over Exchange Web Services message trace is unsupported, and auto searches", async () => {
  const fixture = await openSweepFixture("ews");
  try {
    const plan = (...words: readonly string[]) =>
      fixture.sweep("plan", "--then", "delete-email", "--internet-message-id", campaign, ...words);
    expect((await plan("--find", "trace")).error).toMatchObject({ code: "unsupported" });
    expect(await plan("--find", "auto", "--mailboxes", "all")).toMatchObject({ exit: 0, counts: { messages: 6 } });
  } finally {
    await fixture.close();
  }
});

test("a list of mailboxes that is empty makes no plan, since nothing was looked into", async () => {
  const fixture = await openSweepFixture("graph", { seed: false });
  try {
    const planned = await fixture.sweep("plan", "--then", "delete-email", "--internet-message-id", campaign, "--mailboxes", "all");
    expect(planned.error).toMatchObject({ code: "could-not-look", message: expect.stringContaining("no mailbox") });
  } finally {
    await fixture.close();
  }
});
