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

test("a reason that several items share is printed once, with their numbers", () => {
  const error = { code: "busy" as const, message: "Later\u001b.", hint: "Wait.", retryable: true };
  const failed = { status: "failed" as const, name: "Dolly", error };
  expect(answerText(answer([failed, failed]), shearSheep, 60)).toContain("1, 2. Later␛.\n   Wait.\n");
});

test("a table leaves out columns for programs only, and several results show the folder of their files", () => {
  const action = { ...shearSheep, glance: { columns: ["name"], hidden: ["action"] } };
  const ewe = { status: "done" as const, name: "Dolly", action: "shorn", colour: "white", file_ref: "/wool/dolly.txt" };
  expect(answerText(answer([ewe]), action, 60)).toBe("Status  done\nName    Dolly\n\nSaid.");
  expect(answerText(answer([ewe, { ...ewe, name: "Molly" }]), action, 60)).toContain("Files in  /wool");
});
