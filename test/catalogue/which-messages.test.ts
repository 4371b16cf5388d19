import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";

// An action asks with these fields; one that deletes shows best which messages they meant.
const who = "user01@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  function folderOf(id: unknown): string | undefined {
    return typeof id === "string" ? at.item(who, id)?.folder.distinguishedName : undefined;
  }

  // XSOAR's recover raises when one Message-ID has two copies; a Splunk search deleted all hits though only the first was checked.
  test("a Message-ID selects every copy of its message and no other message with the same subject", async () => {
    const id = "<copies@example.net>";
    const copies = [
      at.put(who, { internetMessageId: id }),
      at.put(who, { internetMessageId: id }),
      at.put(who, { internetMessageId: id }, "inbox/A/B"),
    ];
    const other = at.put(who, { internetMessageId: "<other-copies@example.net>" });
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: "copies@example.net", expected_count: "3" });
    expect(answer).toMatchObject({ success: true, counts: { requested: 3, succeeded: 3 } });
    expect(copies.map((copy) => copy.folder.items.has(copy.id))).toEqual([false, false, false]);
    expect(folderOf(at.idOf(other))).toBe("inbox");
  });

  test("an item id with a Message-ID selects one message, not its other copies", async () => {
    const id = "<pair@example.net>";
    const [named, other] = [at.put(who, { internetMessageId: id }), at.put(who, { internetMessageId: id })];
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(named), internet_message_id: id });
    expect(answer.results).toMatchObject([{ item_id: at.idOf(named), status: "done", verified: true }]);
    expect(folderOf(at.idOf(other))).toBe("inbox");
  });

  test("an item id whose message has a Message-ID other than the given one fails alone, and its message is unchanged", async () => {
    const named = (name: string) => at.put(who, { internetMessageId: `<beside-${name}@example.net>` });
    const [one, other, right] = [named("one"), named("other"), named("right")];
    const answer = await at.run(deleteEmail, {
      mailbox: who,
      item_id: [at.idOf(one), at.idOf(other), at.idOf(right)],
      internet_message_id: ["<nono@x.example>", "<beside-one@example.net>", "BESIDE-right@example.net"],
    });
    expect(answer).toMatchObject({
      success: false,
      results: [
        { status: "failed", error: { code: "invalid-input", message: expect.stringContaining("<beside-one@example.net>") } },
        { status: "failed", error: { code: "invalid-input", message: expect.stringContaining("<beside-other@example.net>") } },
        { status: "done" },
      ],
    });
    expect([one, other].map((item) => folderOf(at.idOf(item)))).toEqual(["inbox", "inbox"]);
  });

  test("a text that is not a Message-ID is refused, not reported as not found", async () => {
    const before = at.lab.requests.length;
    for (const text of [at.idOf(at.put(who)), "Overdue invoice 4711: settle today", "None"]) {
      const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: text });
      expect(answer).toMatchObject({ success: false, counts: { not_found: 0 } });
      for (const { error } of answer.results ?? []) {
        expect(error).toMatchObject({ code: "invalid-input", message: expect.stringContaining("item_id") });
      }
    }
    expect(at.lab.requests.length).toBe(before);
    const odd = at.put(who, { internetMessageId: "<no-at-sign-in-it>" });
    expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: "<no-at-sign-in-it>" })).toMatchObject({ success: true });
    expect(folderOf(at.idOf(odd))).not.toBe("inbox");
  });

  test("scope first selects the newest copy and leaves the others", async () => {
    const id = "<scope@example.net>";
    const day = (number: number) => ({ internetMessageId: id, receivedAt: new Date(Date.UTC(2026, 0, number)) });
    const [old, newest] = [at.put(who, day(1)), at.put(who, day(3)), at.put(who, day(2))];
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id, scope: "first" });
    expect(answer.results?.map(({ item_id, verified }) => [item_id, verified])).toEqual([[at.idOf(newest), true]]);
    expect(folderOf(at.idOf(old))).toBe("inbox");
  });

  test("the field folder selects only the copies in that folder", async () => {
    const id = "<folder@example.net>";
    const [kept, taken] = [at.put(who, { internetMessageId: id }), at.put(who, { internetMessageId: id }, "inbox/Cases")];
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id, folder: "Inbox/Cases" });
    expect(answer.results?.map(({ item_id, verified }) => [item_id, verified])).toEqual([[at.idOf(taken), true]]);
    expect(folderOf(at.idOf(kept))).toBe("inbox");
    const none = await at.run(deleteEmail, { mailbox: who, internet_message_id: id, folder: "Drafts" });
    expect(none).toMatchObject({ success: true, results: [{ internet_message_id: id, status: "not_found" }] });
  });

  test("an item id that ended with a move is replaced through the Message-ID", async () => {
    const item = at.put(who, { internetMessageId: "<healed@example.net>" });
    const moved = at.mailbox(who).move(item, at.mailbox(who).known("junkemail"));
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: [at.idOf(item)], internet_message_id: ["<healed@example.net>"] });
    expect(answer.results?.[0]).toMatchObject({ item_id: at.idOf(moved), status: "done" });
    expect(at.mailbox(who).known("junkemail").items.has(moved.id)).toBe(false);
  });

  test("lists of different lengths are refused before any request to Exchange", async () => {
    const before = at.lab.requests.length;
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: "A,B", internet_message_id: "<a@example.net>" });
    expect(answer).toMatchObject({ error: { code: "invalid-input" } });
    expect(answer.message).toMatch(/item_id has 2 and internet_message_id has 1/);
    expect(await at.run(deleteEmail, { mailbox: who, item_id: "" })).toMatchObject({ error: { code: "invalid-input" } });
    expect(at.lab.requests.length).toBe(before);
  });

  test("a pasted Message-ID is accepted, and a text with two Message-IDs fails alone, before any search", async () => {
    const named = (name: string) => at.put(who, { internetMessageId: `<pasted,${name}@example.net>` });
    const items = ["a", "b", "c", "d"].map(named);
    const pasted = `Message-ID: <pasted,a@example.net>`;
    expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: pasted })).toMatchObject({ counts: { succeeded: 1 } });
    expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: "&lt;pasted,b@example.net&gt;" })).toMatchObject({
      counts: { succeeded: 1 },
    });
    expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: "pasted,c@example.net" })).toMatchObject({
      counts: { requested: 1, succeeded: 1 },
    });
    const two = "<pasted,d@example.net> <pasted,nobody@example.net>";
    const list = await at.run(deleteEmail, { mailbox: who, internet_message_id: [two, "<pasted,nobody@example.net>"] });
    expect(list.results).toMatchObject([{ status: "failed", error: { code: "invalid-input" } }, { status: "not_found" }]);
    expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: two })).toMatchObject({
      counts: { requested: 2, succeeded: 1, not_found: 1 },
    });
    expect(items.map(({ id, folder }) => folder.items.has(id) && folder.distinguishedName === "inbox")).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test("a message selected twice is deleted once", async () => {
    const item = at.put(who);
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: [at.idOf(item), at.idOf(item)] });
    expect(answer).toMatchObject({ success: true, counts: { requested: 1, succeeded: 1 } });
  });

  test("in pairs of item id and Message-ID dead ids are replaced, and a pair without any copy is reported as already gone", async () => {
    const named = (name: string) => at.put(who, { internetMessageId: `<pairs-${name}@example.net>` });
    const [stays, moves, dies] = [named("stays"), named("moves"), named("dies")];
    const moved = at.mailbox(who).move(moves, at.mailbox(who).known("archive"));
    at.mailbox(who).remove(dies);
    const pairs = [moves, stays, dies, moves];
    const answer = await at.run(deleteEmail, {
      mailbox: who,
      item_id: pairs.map(at.idOf),
      internet_message_id: pairs.map(({ internetMessageId }) => internetMessageId ?? ""),
    });
    expect(answer.results?.map(({ item_id, internet_message_id, status }) => [item_id, internet_message_id, status])).toEqual([
      [at.idOf(moved), "<pairs-moves@example.net>", "done"],
      [at.idOf(stays), "<pairs-stays@example.net>", "done"],
      [at.idOf(dies), "<pairs-dies@example.net>", "not_found"],
    ]);
  });
});
