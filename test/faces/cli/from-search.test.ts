import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { getOutOfOffice } from "../../../src/actions/get-out-of-office.ts";
import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import { readFoundMessages, refuseToChain, takesMessages } from "../../../src/faces/cli/from-search.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-from-search-"));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (text: string, mailbox?: string) => {
  const path = join(folder, "found");
  writeFileSync(path, text);
  return readFoundMessages(path, process.stdin, mailbox);
};
const row = (mailbox: string, item_id: string) => ({ mailbox, item_id, subject: "Invoice" });
const [ann, bob] = ["ann@example.com", "bob@example.com"];

describe("the messages of an earlier answer", () => {
  test.each([
    ["the JSON of a search", JSON.stringify({ success: true, items: [row(ann, "1"), row(bob, "2"), row("Ann@example.com", "3")] })],
    ["JSON Lines", [row(ann, "1"), row(bob, "2"), row(ann, "3")].map((one) => JSON.stringify(one)).join("\n")],
    ["a list of rows", JSON.stringify([row(ann, "1"), row(bob, "2"), row(ann, "3")])],
  ])("are read from %s, by mailbox and in order", async (_, text) => {
    expect(await read(text)).toEqual({
      places: [
        { mailbox: ann, itemIds: ["1", "3"] },
        { mailbox: bob, itemIds: ["2"] },
      ],
      missing: undefined,
    });
  });

  test("of an action that moved them have their new ids; those of a copy or a reply have the old ones", async () => {
    const moved = { item_id: "1", new_item_id: "2", undo: { item_id: "2", to: "F" } };
    const copied = { item_id: "1", new_item_id: "2" };
    expect((await read(JSON.stringify({ mailbox: ann, results: [moved] }))).places).toEqual([{ mailbox: ann, itemIds: ["2"] }]);
    expect((await read(JSON.stringify({ mailbox: ann, results: [copied] }))).places).toEqual([{ mailbox: ann, itemIds: ["1"] }]);
  });

  test("are none in an empty answer", async () => {
    for (const text of ['{"items": []}', "[]", ""]) expect((await read(text)).places).toEqual([]);
  });

  test("are not all if the search stopped at its limit or could not look everywhere", async () => {
    expect((await read(JSON.stringify({ items: [], truncated: true }))).missing).toContain("it stopped at its limit");
    expect((await read(JSON.stringify({ items: [], incomplete: true }))).missing).toContain("something could not be searched");
  });

  test.each([
    ["a text that is not JSON", "Invoice", undefined, "this is not the answer of a search"],
    ["another document", '{"contacts": []}', undefined, "this is not the answer of a search"],
    ["a failed search", '{"success": false, "error": {"code": "busy", "message": "Later."}}', undefined, "this search failed: Later."],
    ["a row without an id", JSON.stringify([row(ann, "1"), { mailbox: ann }]), undefined, "row 2 has no item_id"],
    ["a row without a mailbox", '[{"item_id": "1"}]', undefined, "row 1 names no mailbox"],
    ["a row of another mailbox than --mailbox", JSON.stringify([row(ann, "1")]), bob, `row 1 is in ${ann}, and --mailbox names ${bob}`],
  ])("are refused in %s", async (_, text, mailbox, why) => {
    await expect(read(text, mailbox)).rejects.toMatchObject({ code: "invalid-input", message: expect.stringContaining(why) });
  });

  test("of a row without a mailbox are in the mailbox of --mailbox", async () => {
    expect((await read('[{"item_id": "1"}]', bob)).places).toEqual([{ mailbox: bob, itemIds: ["1"] }]);
  });
});

describe("a chained call", () => {
  test("is for actions on messages", () => {
    expect([deleteEmail, replyToEmail, getOutOfOffice].map(takesMessages)).toEqual([true, true, false]);
    expect(() => refuseToChain(getOutOfOffice, {}, { path: "x", input: undefined })).toThrow("does not work on messages");
  });

  test.each(["item_id", "internet_message_id", "folder", "archive"])("excludes %s", (field) => {
    expect(() => refuseToChain(deleteEmail, { [field]: "x" }, { path: "x", input: undefined })).toThrow(/names the messages: leave --/);
  });

  test("cannot read its input and its messages from the same standard input", () => {
    expect(() => refuseToChain(deleteEmail, {}, { path: "-", input: "-" })).toThrow("both read standard input");
  });
});
