import { describe, expect, test } from "vitest";
import type { Reply } from "../../../src/exchange/sending/draft.ts";
import type { RetryDelays } from "../../../src/exchange/sending/send-once.ts";
import { reply } from "../../../src/graph/sending/reply-message.ts";
import { file, labMailbox } from "../lab-mailbox.ts";
import { onStage, type Stage } from "../stage.ts";

const pace: RetryDelays = { settle: [0, 0, 0, 0], find: [0, 0] };

const plain = ["Content-Type: text/plain", "", "Is 1 < 2 & true?", ""];
const html = ["Content-Type: text/html", "", "<html><body class=x><p>Is it <b>real</b>?</p></body></html>", ""];

/** Bob has asked ann, and another one. */
async function asked(lines: readonly string[]): Promise<Stage & { readonly itemId: string }> {
  const stage = await onStage();
  const head = ["From: bob@example.com", "To: ann@example.com, cy@example.org", "Subject: Real?", "Message-ID: <q@example.com>"];
  const mime = Buffer.from([...head, ...lines].join("\r\n"));
  const [delivery] = stage.lab.store.deliver(mime, { from: "bob@example.com", to: ["ann@example.com"] });
  return { ...stage, itemId: delivery?.item?.id ?? "" };
}

const run = (stage: Stage & { readonly itemId: string }, more: Partial<Reply> = {}) =>
  reply(labMailbox(stage.lab.graphUrl, stage.ann.address), { itemId: stage.itemId, all: false, text: "No & <never>.", ...more }, pace);

function answer({ lab }: Stage) {
  const answers = [...(lab.store.mailbox("bob@example.com")?.known("inbox").items.values() ?? [])];
  expect(answers).toHaveLength(1);
  return answers[0];
}

describe("a reply", () => {
  test("has our text above the original, escaped where it stands in HTML", async () => {
    const stage = await asked(html);
    const sent = await run(stage);
    expect(sent).toMatchObject({ subject: "RE: Real?", to: [{ address: "bob@example.com" }], cc: [] });
    const body = answer(stage)?.body.value ?? "";
    expect(body.indexOf("No &amp; &lt;never&gt;.")).toBeGreaterThan(-1);
    expect(body.indexOf("No &amp; &lt;never&gt;.")).toBeLessThan(body.indexOf("<b>real</b>"));
  });

  test("in HTML to a plain text has both, and nothing of the text becomes HTML", async () => {
    const stage = await asked(plain);
    await run(stage, { text: undefined, html: "<p>No.</p>" });
    const { type, value = "" } = answer(stage)?.body ?? {};
    expect(type).toBe("HTML");
    expect(value).toContain("<p>No.</p>");
    expect(value).toContain("1 &lt; 2 &amp; true");
  });

  test("to all goes to the other recipients as well, and not to the mailbox itself", async () => {
    const stage = await asked(plain);
    const sent = await run(stage, { all: true });
    expect([...sent.to, ...sent.cc].map(({ address }) => address)).toEqual(["bob@example.com", "cy@example.org"]);
  });

  test("goes to the given recipients with the given subject, headers and attachments", async () => {
    const stage = await asked(plain);
    const sent = await run(stage, {
      to: [{ address: "bob@example.com" }],
      cc: [{ address: "dora@example.org" }],
      subject: "Case 7",
      headers: [{ name: "X-Case", value: "7" }],
      attachments: [file("note.txt", Buffer.from("note"))],
    });
    expect(sent).toMatchObject({ subject: "Case 7", cc: [{ address: "dora@example.org" }] });
    // Exchange keeps the names of such headers in small letters.
    expect(answer(stage)?.headers).toContainEqual({ name: "x-case", value: "7" });
    expect(answer(stage)?.attachments.map(({ name }) => name)).toEqual(["note.txt"]);
    expect(answer(stage)?.inReplyTo).toBe("<q@example.com>");
  });

  test("carries a file of more than 3 MB by an upload session, and a small one beside it", async () => {
    const stage = await asked(plain);
    const large = Buffer.alloc(4 * 1024 * 1024 + 7, "0123456789");
    await run(stage, { attachments: [file("large.bin", large), file("note.txt", Buffer.from("note"))] });
    const attached = answer(stage)?.attachments ?? [];
    expect(attached.map(({ name }) => name)).toEqual(["large.bin", "note.txt"]);
    expect(Buffer.from(attached[0]?.content ?? []).equals(large)).toBe(true);
    const sessions = stage.lab.requests.filter(({ operation }) => operation === "attachment-createuploadsession");
    expect(sessions.map(({ status }) => status)).toEqual([201]);
  });

  test("without the original has nothing of it, not even its pictures", async () => {
    const boundary = "b";
    const picture = [
      "--b",
      "Content-Type: image/png; name=evil.png",
      "Content-ID: <evil>",
      "Content-Disposition: inline; filename=evil.png",
      "",
      "png",
    ];
    const related = [
      `Content-Type: multipart/related; boundary=${boundary}`,
      "",
      "--b",
      "Content-Type: text/html",
      "",
      "<p>secret <img src=cid:evil></p>",
      ...picture,
      "--b--",
      "",
    ];
    const stage = await asked(related);
    await run(stage, { quoteOriginal: false });
    expect(answer(stage)?.body).toEqual({ type: "Text", value: "No & <never>." });
    expect(answer(stage)?.attachments).toEqual([]);
    expect(answer(stage)?.inReplyTo).toBe("<q@example.com>");
  });

  test("whose order to send loses its answer is sent once", async () => {
    const stage = await asked(plain);
    stage.lab.addFault({ kind: "reset-after", operation: "message-send" });
    await run(stage);
    expect(answer(stage)?.subject).toBe("RE: Real?");
  });

  test("whose draft may or may not have been made is not sent, and this is reported", async () => {
    const stage = await asked(plain);
    stage.lab.addFault({ kind: "reset-after", operation: "message-createreply" });
    await expect(run(stage)).rejects.toMatchObject({ message: expect.stringMatching(/Nothing was sent.*may be left in Drafts/) });
    expect([...(stage.lab.store.mailbox("bob@example.com")?.known("inbox").items.values() ?? [])]).toEqual([]);
  });

  test("to a message that is gone is not-found", async () => {
    const stage = await asked(plain);
    const item = stage.ann.item(stage.itemId);
    if (item) stage.ann.remove(item);
    await expect(run(stage)).rejects.toMatchObject({ code: "not-found" });
  });
});
