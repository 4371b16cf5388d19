import { describe, expect, onTestFinished, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { sendEmail } from "../../../src/actions/send-email.ts";
import { perform } from "../../../src/perform/perform.ts";
import { ann, ben, openStage, whereIs } from "./stage.ts";

describe("over graph, a message that is copied as MIME", () => {
  test.each([1, 2])("is not copied when reading %i of it was cut to half of its bytes", async (nth) => {
    const stage = await openStage("graph", { importExport: false });
    onTestFinished(() => stage.close());
    const item = stage.put("first");
    stage.lab.addFault({ kind: "truncate", operation: "outlook-get-mime-message", nth, times: 1, backOffMs: 20 });
    const input = { item_id: stage.idOf(item), destination_folder: "inbox", destination_mailbox: ben };
    const { results } = await perform(copyEmail, input, stage.host);
    expect(results).toMatchObject([{ status: "failed", error: { code: "broken-reply" } }]);
    expect(results?.[0]?.error?.message).toContain("two readings of it differ");
    expect(whereIs(stage, "first")).toEqual([`${ann} inbox`]);
  });
});

test("over graph, a draft that a copy as MIME may have left is named as a candidate", async () => {
  const stage = await openStage("graph", { importExport: false });
  onTestFinished(() => stage.close());
  const item = stage.put("first");
  stage.lab.addFault({ kind: "reset-after", operation: "user-post-messages", times: 1 });
  const input = { item_id: stage.idOf(item), destination_folder: "inbox", destination_mailbox: ben };
  const { results } = await perform(copyEmail, input, stage.host);
  const [draft] = stage.mailbox(ben).known("drafts").items.values();
  expect(results).toMatchObject([{ status: "failed", error: { code: "unknown-outcome" } }]);
  expect(results?.[0]?.error?.possible_drafts).toEqual([{ mailbox: ben, folder: "drafts", item_id: draft && stage.idOf(draft) }]);
});

describe("over graph, an unwanted copy in Sent Items", () => {
  async function sent(fault: boolean) {
    const stage = await openStage("graph");
    onTestFinished(() => stage.close());
    if (fault) stage.lab.addFault({ kind: "empty-204", operation: "message-permanentdelete", times: 1 });
    const input = { to: ben, subject: "Look out", body_text: "There is mail.", save_to_sent: false };
    const { results } = await perform(sendEmail, input, stage.host);
    return { results, kept: stage.mailbox(ann).known("sentitems").items.size };
  }

  test("is deleted, and the answer does not name it", async () => {
    const { results, kept } = await sent(false);
    expect(kept).toBe(0);
    expect(results).toMatchObject([{ status: "done" }]);
    expect(results?.[0]).not.toHaveProperty("copy_left");
  });

  test("is reported if the server confirms its deletion but keeps it", async () => {
    const { results, kept } = await sent(true);
    expect(kept).toBe(1);
    expect(results).toMatchObject([{ status: "done", copy_left: true }]);
  });
});
