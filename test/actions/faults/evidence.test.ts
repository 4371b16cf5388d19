import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import type { FaultKind } from "../../../src/lab/faults.ts";
import { perform } from "../../../src/perform/perform.ts";
import { backends } from "../lab-host.ts";
import { ann, messageIdOf, openStage, type Stage, whereIs } from "./stage.ts";

const file = {
  kind: "file",
  name: "a.html",
  content: Buffer.from("<html>a page that was attached</html>"),
  contentType: "text/html",
} as const;

/** Returns the files in the folder of evidence. */
function kept({ folder }: Stage): readonly string[] {
  const evidence = join(folder, "evidence", "files");
  return existsSync(evidence) ? readdirSync(evidence) : [];
}

/** Replies that are not the content, or not all of it. Each request for the content gets the same reply. */
const always: readonly FaultKind[] = ["page", "page-404", "json-404", "empty-200", "empty-204", "redirect", "close-cut"];

describe.each(backends)("over %s", (backend) => {
  const isGraph = backend === "graph";
  const mimeOperation = isGraph ? "outlook-get-mime-message" : "GetItem";
  const contentOperation = isGraph ? "attachment-get-value" : "GetAttachment";
  // Over EWS the same operation has selected the message and listed its attachments before.
  const first = isGraph ? 1 : 3;
  // A content cut once is detected in XML, and requested again.
  const cutOnce: readonly (readonly [FaultKind, number])[] = isGraph ? [["truncate", 1]] : [];

  test.each([...always.map((kind) => [kind, 99] as const), ["truncate", 99] as const, ...cutOnce])(
    "a message is not deleted if its content is %s, %i times",
    async (kind, times) => {
      const stage = await openStage(backend);
      try {
        const item = stage.put("first", { attachments: [file] });
        stage.lab.addFault({ kind, operation: mimeOperation, nth: first, times, backOffMs: 20 });
        const input = { item_id: stage.idOf(item), delete_type: "hard", confirm_hard: true, keep_evidence: true };
        const answer = await perform(deleteEmail, input, stage.host);
        expect(answer.results).toMatchObject([{ status: "failed", error: { code: "evidence-failed" } }]);
        expect([whereIs(stage, "first"), kept(stage)]).toEqual([[`${ann} inbox`], []]);
      } finally {
        await stage.close();
      }
    },
  );

  test.each([...always.map((kind) => [kind, 99] as const), ...cutOnce])(
    "an attachment is not deleted if its content is %s, %i times",
    async (kind, times) => {
      const stage = await openStage(backend);
      try {
        const item = stage.put("first", { attachments: [file] });
        stage.lab.addFault({ kind, operation: contentOperation, times, backOffMs: 20 });
        const input = { internet_message_id: messageIdOf("first"), all: true };
        const answer = await perform(deleteAttachments, input, stage.host);
        expect(answer.results).toMatchObject([{ status: "failed", error: { code: "evidence-failed" } }]);
        expect([item.attachments.length, kept(stage)]).toEqual([1, []]);
      } finally {
        await stage.close();
      }
    },
  );

  test.each(always)("neither a message nor an attachment is saved if its content is %s", async (kind) => {
    const stage = await openStage(backend);
    try {
      const item = stage.put("first", { attachments: [file] });
      stage.lab.addFault({ kind, operation: mimeOperation, nth: isGraph ? 1 : 2, times: 99 });
      stage.lab.addFault({ kind, operation: contentOperation, times: 99 });
      const saved = await perform(downloadMailAsEml, { item_id: stage.idOf(item) }, stage.host);
      expect(saved.results).toMatchObject([{ status: "failed" }]);
      stage.lab.clearFaults();
      stage.lab.addFault({ kind, operation: contentOperation, times: 99 });
      const got = await perform(getAttachments, { item_id: stage.idOf(item) }, stage.host);
      expect(got.results).toMatchObject([{ status: "failed" }]);
      expect(kept(stage)).toEqual([]);
    } finally {
      await stage.close();
    }
  });
});
