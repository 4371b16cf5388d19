import { expect, test } from "vitest";
import type { Answer } from "../../../src/catalogue/answer-envelope.ts";
import { answerText } from "../../../src/faces/cli/answer-text.ts";
import { shearSheep } from "../toy.ts";

const answer = (results: Answer["results"]): Answer => ({
  success: true,
  message: "Said.",
  action: "shear-sheep",
  counts: { requested: 0, succeeded: 0, failed: 0, not_found: 0 },
  results,
});

test("items that were not found are named below the table even if their ids do not fit into it", () => {
  const ewe = { status: "done" as const, name: "Dolly" };
  const text = answerText(answer([ewe, { status: "not_found", item_id: "A".repeat(120) }]), shearSheep, 60);
  expect(text).toContain(`2. Not found: ${"A".repeat(120)}\n`);
});

test("an item that is already gone is named by the requested id, not by the id under which it was found", () => {
  const gone = { status: "not_found" as const, internet_message_id: "<a@x.example>", new_item_id: "B".repeat(120), action: "already_gone" };
  const text = answerText(answer([gone, { ...gone, action: "not_found" }]), shearSheep, 60);
  expect(text).toContain("1. Gone already: <a@x.example>\n");
  expect(text).toContain("2. Not found: <a@x.example>\n");
});

test("a reason that several items share is printed once, with their numbers and names", () => {
  const error = { code: "busy" as const, message: "Later\u001b.", hint: "Wait.", retryable: true };
  const failed = { status: "failed" as const, name: "Dolly", error };
  expect(answerText(answer([failed, failed]), shearSheep, 60)).toContain('1, 2 ("Dolly"). Later␛.\n   Wait.\n');
});

test("a table leaves out columns for programs only, and several results show the folder of their files", () => {
  const action = { ...shearSheep, glance: { columns: ["name"], hidden: ["action"] } };
  const ewe = { status: "done" as const, name: "Dolly", action: "shorn", colour: "white", file_ref: "/wool/dolly.txt" };
  expect(answerText(answer([ewe]), action, 60)).toBe("Status  done\nName    Dolly\n\nSaid.");
  expect(answerText(answer([ewe, { ...ewe, name: "Molly" }]), action, 60)).toContain("Files in  /wool");
});

test("after a change the text names the commands that undo it, one for each folder, and the audit log", () => {
  const action = {
    ...shearSheep,
    glance: { undo: ({ to }: Record<string, unknown>) => ({ action: "glue-wool", input: { item_id: "1", to } }) },
  };
  const ewe = { status: "done" as const, name: "Dolly" };
  const said = {
    ...answer([
      { ...ewe, to: "A" },
      { ...ewe, to: "B C" },
      { ...ewe, to: "A" },
    ]),
    mailbox: "hr@example.com",
  };
  const text = answerText(said, action, 100, "/var/log/audit.jsonl");
  expect(text).toContain("  mailcordon glue-wool --mailbox hr@example.com --to A --item-id 1,1\n");
  expect(text).toContain("  mailcordon glue-wool --mailbox hr@example.com --to 'B C' --item-id 1\n");
  expect(text).toContain("\nAudit log: /var/log/audit.jsonl");
});

test("if undoing takes many commands, the text refers to the audit log", () => {
  const action = {
    ...shearSheep,
    glance: { undo: ({ to }: Record<string, unknown>) => ({ action: "glue-wool", input: { item_id: "1", to } }) },
  };
  const ewes = Array.from({ length: 21 }, (_, at) => ({ status: "done" as const, name: "Dolly", to: `F${at}` }));
  const text = answerText(answer(ewes), action, 100);
  expect(text).toContain("the audit log has the member undo of each result");
  expect(text).not.toContain("glue-wool");
});

test("a failed item is shown with the mailbox of the call", () => {
  const error = { code: "busy" as const, message: "Later.", hint: "Wait.", retryable: true };
  const failed = { status: "failed" as const, name: "Dolly", error };
  const said = (count: number) =>
    answerText({ ...answer(Array.from({ length: count }, () => failed)), mailbox: "hr@example.com" }, shearSheep, 60);
  expect(said(1)).toContain("Mailbox  hr@example.com");
  expect(said(2)).toContain('1, 2 (hr@example.com "Dolly"). Later.');
});
