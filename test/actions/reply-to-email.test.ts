import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { replyToEmail } from "../../src/actions/reply-to-email.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import type { NewItem } from "../../src/lab/store/item.ts";
import type { LabItem } from "../../src/lab/store/mailbox.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const desk = "phish-report@example.com";
const ann = "user01@example.com";
const bob = "user02@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  let count = 0;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  /** A message from Ann to the desk, with Bob in copy. */
  function put(more: NewItem = {}, folder = "inbox"): LabItem {
    const subject = `Is this real? ${++count}`;
    const from = { name: "Ann", address: ann };
    return at.put(
      desk,
      {
        from,
        sender: from,
        to: [{ address: desk }],
        cc: [{ address: bob }],
        subject,
        body: { type: "Text", value: "original words" },
        ...more,
      },
      folder,
    );
  }

  function received(subject: string, address = ann): LabItem[] {
    return [...at.mailbox(address).known("inbox").items.values()].filter((item) => item.subject === subject);
  }

  test("a reply goes to the sender only and quotes the original, and its ids are found", async () => {
    const item = put();
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "It is not." });
    const result = answer.results?.[0];
    const [reply, ...more] = received(`RE: ${item.subject}`);
    expect(more).toEqual([]);
    expect(result).toMatchObject({
      item_id: at.idOf(item),
      status: "done",
      action: "sent",
      to: [{ address: ann }],
      new_internet_message_id: reply?.internetMessageId,
    });
    expect(at.item(desk, String(result?.new_item_id))?.folder.distinguishedName).toBe("sentitems");
    expect(reply?.text).toContain("It is not.");
    expect(reply?.text).toContain("original words");
    expect([reply?.from?.address, reply?.inReplyTo]).toEqual([desk, item.internetMessageId]);
    expect(received(`RE: ${item.subject}`, bob)).toEqual([]);
  });

  // XSOAR looks in the Inbox only.
  test.each(["inbox/Cases/Open", "deleteditems", "junkemail", "sentitems"])("a message in %s is answered as well", async (folder) => {
    const item = put({}, folder);
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x" });
    expect(answer.success).toBe(true);
    expect(received(`RE: ${item.subject}`).length).toBe(1);
  });

  // XSOAR puts "Re: " before whatever the subject is.
  test.each(["RE: again", "Re: again"])("a subject %s gets no second RE:", async (subject) => {
    const item = put({ subject: `${subject} ${count + 1}` });
    await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x" });
    const subjects = [...at.mailbox(ann).known("inbox").items.values()]
      .map((each) => each.subject)
      .filter((each) => each.endsWith(`again ${count}`));
    expect(subjects.length).toBe(1);
    expect(subjects[0]).not.toMatch(/re:.*re:/i);
  });

  test("reply_all goes to all recipients except the mailbox itself", async () => {
    const item = put();
    await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x", reply_all: "true" });
    const subject = `RE: ${item.subject}`;
    expect([received(subject).length, received(subject, bob).length, received(subject, desk).length]).toEqual([1, 1, 0]);
  });

  // XSOAR makes `to` mandatory.
  test("to replaces the recipients, subject the subject", async () => {
    const item = put();
    await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_html: "<p>x</p>", to: bob, subject: `Case ${count}` });
    expect([received(`Case ${count}`).length, received(`Case ${count}`, bob).length]).toEqual([0, 1]);
  });

  test("without quote_original the original text is not sent", async () => {
    const item = put();
    await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "only this", quote_original: "false" });
    const [reply] = received(`RE: ${item.subject}`);
    expect(reply?.text).toContain("only this");
    expect(reply?.text).not.toContain("original words");
  });

  test("attachments and headers go with the reply", async () => {
    const item = put();
    const attachments = [{ name: "advice.txt", base64: Buffer.from("advice").toString("base64") }];
    await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x", attachments, headers: "X-Case: 18" });
    const [reply] = received(`RE: ${item.subject}`);
    expect(reply?.attachments.map(({ name }) => name)).toEqual(["advice.txt"]);
    // As a property, which is how Graph puts a header on a draft of its own, its name is in small letters.
    expect(reply?.headers.map(({ name, value }) => [name.toLowerCase(), value])).toContainEqual(["x-case", "18"]);
  });

  test("of several copies of one Message-ID only the newest is answered", async () => {
    const id = "<reply-copies@example.com>";
    const [old, newest] = [1, 2].map((day) =>
      put({ internetMessageId: id, subject: "Copies", receivedAt: new Date(Date.UTC(2026, 0, day)) }),
    );
    const answer = await at.run(replyToEmail, { mailbox: desk, internet_message_id: id, body_text: "x" });
    expect(answer.results?.map(({ item_id }) => item_id)).toEqual([at.idOf(newest)]);
    expect([received("RE: Copies").length, at.idOf(old) === at.idOf(newest)]).toEqual([1, false]);
  });

  test("several messages get one reply each, and a missing message fails alone", async () => {
    const items = [put(), put()];
    const ids = [items[0], items[1]].map((item) => item?.internetMessageId ?? "");
    const answer = await at.run(replyToEmail, {
      mailbox: desk,
      internet_message_id: [ids[0], "<absent@example.com>", ids[1]],
      body_text: "x",
    });
    expect(answer.results?.map(({ status }) => status)).toEqual(["done", "not_found", "done"]);
    expect([answer.success, exitCodeOf(answer)]).toEqual([false, 6]);
    expect(items.map((item) => received(`RE: ${item.subject}`).length)).toEqual([1, 1]);
  });

  test("a missing message fails the call, and nothing is sent", async () => {
    const answer = await at.run(replyToEmail, { mailbox: desk, internet_message_id: "<absent@example.com>", body_text: "x" });
    expect(answer).toMatchObject({ success: false, counts: { not_found: 1 } });
    expect(exitCodeOf(answer)).toBe(failures["not-found"].exit);
  });

  test.each([
    [{ subject: "x\r\nBcc: eve@example.org" }, /subject: /],
    [{ to: "ann@example.com\r\nBcc: eve@example.org" }, /to: /],
    [{ cc: [{ name: "Eve\nBcc: eve@example.org", address: "ann@example.com" }] }, /cc: .*control character/],
    [{ headers: { "X-A": "1\r\nBcc: eve@example.org" } }, /headers: /],
    [{ attachments: [{ base64: "AA==", name: "a\r\nb" }] }, /attachments: /],
    [{ attachments: [{ base64: "AA==", name: "a", content_id: "a b" }] }, /attachments: the content id/],
  ])("%j in a reply is refused before anything is sent", async (input, message) => {
    const before = at.lab.requests.length;
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: put().id, body_text: "x", ...input });
    expect(answer).toMatchObject({ error: { code: "invalid-input", message: expect.stringMatching(message) } });
    expect(at.lab.requests.length).toBe(before);
  });

  // The sender chose the subject of the original, and it becomes part of our reply.
  test.each([true, false])("a hostile subject adds no header to the reply (quoted: %s)", async (quote_original) => {
    const item = put({ subject: `Hello\r\nBcc: ${bob}\r\n${++count}` });
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x", quote_original });
    expect(answer.results?.[0]).toMatchObject({ status: "done", to: [{ address: ann }], bcc: [] });
    expect([...at.mailbox(bob).known("inbox").items.values()].filter(({ subject }) => subject.includes("Hello"))).toEqual([]);
  });

  test("a reply without text is refused", async () => {
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: "A", body_text: "" });
    expect(answer).toMatchObject({ error: { code: "invalid-input", message: expect.stringMatching(/body_text or body_html/) } });
  });

  test("a dry run sends nothing", async () => {
    const item = put();
    const answer = await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x", dry_run: true });
    expect(answer.results).toMatchObject([{ item_id: at.idOf(item), status: "planned" }]);
    expect(received(`RE: ${item.subject}`)).toEqual([]);
  });

  test.skipIf(backend === "graph")(
    "a reply is not sent twice after a lost reply of the server (its fault is of an EWS operation)",
    async () => {
      const item = put();
      at.lab.addFault({ kind: "reset-after", operation: "CreateItem", times: 9 });
      at.lab.addFault({ kind: "reset-after", operation: "SendItem", times: 9 });
      const answer = await at.run(replyToEmail, { mailbox: desk, item_id: at.idOf(item), body_text: "x" });
      const sent = received(`RE: ${item.subject}`).length;
      expect(sent).toBeLessThanOrEqual(1);
      // If the reply is lost before the draft is sent, certainly nothing was sent; later, the outcome is unknown.
      const code = answer.results?.[0]?.error?.code;
      if (code !== "unknown-outcome") expect(sent).toBe(answer.success ? 1 : 0);
    },
  );
});
