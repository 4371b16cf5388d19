import { afterEach, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { openSweepFixture, type SweepFixture } from "../sweep-fixture.ts";

const id = "<original.1@mailer.example.net>";
const [ann, bob, carl, dora] = ["user01@example.com", "user02@example.com", "user03@example.com", "user04@example.com"] as const;
const people = [ann, bob, carl, dora];
const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 9, minute));
const crlf = "\r\n";

describe.each(backends)("related copies over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());
  const mail = (head: readonly string[], body = "x") => Buffer.from([...head, "", body, ""].join(crlf));
  const deliver = (to: string, minute: number, head: readonly string[], body?: string) =>
    fixture.host.lab.store.deliver(mail(["From: m@example.net", ...head], body), { from: "m@example.net", to: [to], at: at(minute) });
  const original = mail(["From: m@example.net", "Subject: Your invoice", `Message-ID: ${id}`, "Content-Type: text/plain"], "Pay now.");
  const open = async () => {
    fixture = await openSweepFixture(backend);
    for (const to of [ann, bob]) fixture.host.lab.store.deliver(original, { from: "m@example.net", to: [to], at: at(0) });
    deliver(carl, 1, ["Subject: FW: Your invoice", "Message-ID: <f1@example.com>", `In-Reply-To: ${id}`]);
    deliver(carl, 2, ["Subject: AW: Re: Your invoice", "Message-ID: <f2@example.com>", `References: <other@example.net>${crlf} ${id}`]);
    const boundary = [
      "Subject: Is this one real?",
      "Message-ID: <f3@example.com>",
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=b",
    ];
    const parts = [`--b`, "Content-Type: text/plain", "", "See.", "--b", "Content-Type: message/rfc822", "", original.toString(), "--b--"];
    deliver(dora, 3, boundary, parts.join(crlf));
    // What only looks alike.
    deliver(dora, 4, ["Subject: Your invoice", "Message-ID: <harmless@example.com>"]);
    deliver(carl, 5, ["Subject: RE: Your invoice", "Message-ID: <harmless2@example.com>", "In-Reply-To: <another@example.net>"]);
  };
  const plan = (...words: readonly string[]) =>
    fixture.sweep(
      "plan",
      "--internet-message-id",
      id,
      "--mailboxes",
      people.join(","),
      "--then",
      "delete-email",
      "--residue",
      "none",
      ...words,
    );

  test("are targets of their own, each with the reason, and are counted apart", async () => {
    await open();
    const planned = await plan("--related", "--expected-count", "2");
    expect(planned).toMatchObject({ exit: 0, counts: { messages: 2, related: 3, mailboxes: 4 }, find: { related: true } });
    const related = planned.targets.filter(({ relation }: { relation?: string }) => relation !== undefined);
    const shown = related.map((one: Record<string, string>) => [one.internet_message_id, one.mailbox, one.relation, one.why]);
    expect(shown.sort()).toEqual([
      ["<f1@example.com>", carl, "reply", expect.stringContaining(`${id} (In-Reply-To)`)],
      ["<f2@example.com>", carl, "reference", expect.stringContaining("(References)")],
      ["<f3@example.com>", dora, "attached", expect.stringContaining(`${id} attached`)],
    ]);
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ exit: 0, counts: { done: 5 } });
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ counts: { undone: 5 } });
  });

  test("are not looked for without the option, and the plan says so", async () => {
    await open();
    const planned = await plan();
    expect(planned).toMatchObject({ exit: 0, counts: { messages: 2, mailboxes: 2 } });
    expect(planned.left_alone).toContainEqual(expect.stringContaining("are not looked for"));
  });
});
