import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { junkMail } from "../../src/actions/junk-mail.ts";
import { openAudit } from "../../src/perform/audit/audit-log.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { perform } from "../../src/perform/perform.ts";
import { mail } from "../exchange/contract-mail.ts";
import { onStage } from "./stage.ts";

test("a moved message is verified in its new folder, although its id stays", async () => {
  const { lab, ann, graph } = await onStage();
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-graph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const host = {
    exchange: graph(),
    evidence: openEvidence(join(folder, "evidence")),
    audit: openAudit(join(folder, "audit.jsonl")),
    confirm: async () => true,
  };
  const deliver = (name: string) => {
    lab.store.deliver(mail(name, { id: `<${name}@example.org>` }), { from: "a@example.org", to: [ann.address] });
    return { mailbox: ann.address, internet_message_id: `<${name}@example.org>` };
  };
  const answers = [
    await perform(deleteEmail, { ...deliver("trash"), delete_type: "trash" }, host),
    await perform(deleteEmail, { ...deliver("soft"), delete_type: "soft" }, host),
    await perform(deleteEmail, { ...deliver("hard"), delete_type: "hard", confirm_hard: true }, host),
    await perform(junkMail, deliver("junk"), host),
  ];
  expect(answers.map(({ success, results }) => [success, results?.map(({ status, verified }) => [status, verified])])).toEqual(
    Array(4).fill([true, [["done", true]]]),
  );
  expect(ann.known("inbox").items.size).toBe(0);
});

test("an EWS id from a ticket selects its message, and the action returns the immutable id", async () => {
  const { lab, ann, graph } = await onStage();
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-graph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const host = {
    exchange: graph(),
    evidence: openEvidence(join(folder, "evidence")),
    audit: openAudit(join(folder, "audit.jsonl")),
    confirm: async () => true,
  };
  // The lab counts: of 64 ids in a row one ends in + and one in /.
  const items = Array.from({ length: 64 }, (_, index) =>
    ann.add(ann.known("inbox"), { internetMessageId: `<ticket-${index}@example.net>` }),
  );
  const crossing = items.filter(({ id }) => /[/+]/.test(id));
  expect(crossing.length).toBeGreaterThan(0);
  const answer = await perform(deleteEmail, { mailbox: ann.address, item_id: crossing.map(({ id }) => id), delete_type: "trash" }, host);
  expect(answer).toMatchObject({ success: true, counts: { succeeded: crossing.length, failed: 0, not_found: 0 } });
  expect(answer.results?.every(({ item_id }) => /^AAkALg/.test(String(item_id)))).toBe(true);
  expect(ann.known("deleteditems").items.size).toBe(crossing.length);
  expect(lab.requests.filter(({ operation }) => operation === "user-translateexchangeids")).toHaveLength(1);
});
