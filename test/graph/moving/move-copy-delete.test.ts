import { describe, expect, test } from "vitest";
import { copy, junk, move, remove } from "../../../src/graph/moving/move-copy-delete.ts";
import type { UnpromisedBehaviour } from "../../../src/graph/unpromised.ts";
import { immutableId, restId } from "../../../src/lab/graph/ids.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { all } from "../../exchange/contract-stage.ts";
import { labMailbox } from "../lab-mailbox.ts";
import { onStage, type Stage } from "../stage.ts";

function deliver({ lab, ann }: Stage, subject: string, body = "x"): LabItem {
  const mime = Buffer.from(`From: mallory@example.org\r\nTo: ann@example.com\r\nSubject: ${subject}\r\n\r\n${body}\r\n`);
  const item = lab.store.deliver(mime, { from: "mallory@example.org", to: [ann.address] })[0]?.item;
  if (item === undefined) throw new Error("It was not delivered.");
  return item;
}

const boxOf = ({ lab, ann }: Stage, told: string[] = []) => labMailbox(lab.graphUrl, ann.address, { progress: (text) => told.push(text) });
const boxWith = ({ lab, ann }: Stage, behaviour: Partial<UnpromisedBehaviour>) => labMailbox(lab.graphUrl, ann.address, {}, behaviour);
const codes = (outcomes: readonly { ok: boolean; failure?: { code: string } }[]) =>
  outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure?.code));

describe("moving", () => {
  test("with lost replies is repeated and done once", async () => {
    const stage = await onStage();
    const ids = ["one", "two", "three"].map((subject) => immutableId(deliver(stage, subject)));
    stage.lab.addFault({ kind: "reset-after", operation: "json-batching" });
    expect(codes(await all(move(boxOf(stage), ids, { folder: "archive" })))).toEqual(["done", "done", "done"]);
    expect(stage.ann.known("archive").items.size).toBe(3);
  });

  test("of a message by an id that dies with it counts although the answer was lost", async () => {
    const stage = await onStage();
    const id = restId(deliver(stage, "one").id);
    stage.lab.addFault({ kind: "reset-after", operation: "message-move" });
    expect(await all(move(boxOf(stage), [id], { folder: "archive" }))).toEqual([{ ok: true, value: {} }]);
    expect(stage.ann.known("archive").items.size).toBe(1);
  });

  test("to another mailbox or a public folder is unsupported, each message says so, and nothing moves", async () => {
    const stage = await onStage();
    const ids = [restId(deliver(stage, "one").id), restId(deliver(stage, "two").id)];
    expect(codes(await all(move(boxOf(stage), ids, { folder: "inbox", mailbox: "bob@example.com" })))).toEqual([
      "unsupported",
      "unsupported",
    ]);
    for (const destination of [{ folder: "Cases", publicFolder: true }, { folder: "public:Cases" }, { folder: "archive:Inbox" }]) {
      expect(codes(await all(move(boxOf(stage), ids, destination)))).toEqual(["unsupported", "unsupported"]);
    }
    expect(stage.ann.known("inbox").items.size).toBe(2);
  });
});

describe("copying to another mailbox without the permission to import", () => {
  test("makes a draft in the given folder and reports it", async () => {
    const stage = await onStage();
    const told: string[] = [];
    const [outcome] = await all(
      copy(boxOf(stage, told), [deliver(stage, "evidence").id], { folder: "archive", mailbox: "bob@example.com" }),
    );
    const bob = stage.lab.store.mailbox("bob@example.com");
    const found = [...(bob?.known("archive").items.values() ?? [])];
    expect(found).toMatchObject([{ subject: "evidence", isDraft: true }]);
    expect(outcome).toEqual({
      ok: true,
      value: {
        newItemId: found[0] && immutableId(found[0]),
        method: "mime",
        lost: ["sent", "received_time", "read_state", "categories", "flag"],
        note: expect.stringContaining("MailboxItem.ImportExport.All"),
      },
    });
    expect(bob?.known("drafts").items.size).toBe(0);
    expect(told.join()).toContain("counts as unsent");
  });

  test("of a message above Graph's limit is too-large, and the next one is copied", async () => {
    const stage = await onStage();
    const ids = [deliver(stage, "large", "x".repeat(76).concat("\r\n").repeat(45_000)).id, deliver(stage, "small").id];
    expect(codes(await all(copy(boxOf(stage), ids, { folder: "inbox", mailbox: "bob@example.com" })))).toEqual(["too-large", "done"]);
    expect(stage.lab.store.mailbox("bob@example.com")?.known("drafts").items.size).toBe(0);
  });

  test("that cannot be put into its folder leaves no draft behind", async () => {
    const stage = await onStage();
    const id = deliver(stage, "evidence").id;
    stage.lab.addFault({ kind: "403", operation: "message-move" });
    expect(codes(await all(copy(boxOf(stage), [id], { folder: "inbox", mailbox: "bob@example.com" })))).toEqual(["access-denied"]);
    expect(stage.lab.store.mailbox("bob@example.com")?.known("drafts").items.size).toBe(0);
  });

  test("whose answer was lost is unknown-outcome and not done again", async () => {
    const stage = await onStage();
    const id = deliver(stage, "evidence").id;
    stage.lab.addFault({ kind: "reset-after", operation: "user-post-messages" });
    expect(codes(await all(copy(boxOf(stage), [id], { folder: "inbox", mailbox: "bob@example.com" })))).toEqual(["unknown-outcome"]);
    expect(stage.lab.store.mailbox("bob@example.com")?.known("drafts").items.size).toBe(1);
  });
});

describe("deleting", () => {
  test("permanently with lost replies counts as done", async () => {
    const stage = await onStage();
    const ids = ["one", "two"].map((subject) => restId(deliver(stage, subject).id));
    stage.lab.addFault({ kind: "reset-after", operation: "json-batching" });
    expect(codes(await all(remove(boxOf(stage), ids, "hard")))).toEqual(["done", "done"]);
    expect(stage.ann.known("inbox").items.size).toBe(0);
  });

  test("a message missing under its immutable id is not-found, though Graph reports its deletion as forbidden", async () => {
    const stage = await onStage();
    const item = deliver(stage, "one");
    const id = immutableId(item);
    stage.ann.remove(item);
    stage.lab.addFault({ kind: "item-error", operation: "message-permanentdelete", code: "ErrorCannotDeleteObject" });
    expect(codes(await all(remove(boxOf(stage), [id], "hard")))).toEqual(["not-found"]);
  });

  test("an existing message that may not be deleted keeps its refusal", async () => {
    const stage = await onStage();
    const id = immutableId(deliver(stage, "one"));
    stage.lab.addFault({ kind: "item-error", operation: "message-permanentdelete", code: "ErrorCannotDeleteObject" });
    expect(codes(await all(remove(boxOf(stage), [id], "hard")))).toEqual(["access-denied"]);
    expect(stage.ann.known("inbox").items.size).toBe(1);
  });

  const there = ({ ann }: Stage, folder: string) => [...ann.known(folder).items.values()].map(({ subject }) => subject);

  test.each([
    ["the settings say that the cloud has no way to", { permanentDelete: false }],
    ["the cloud turns out to have no way to", {}],
  ])("permanently, where %s, moves to the Recoverable Items and reports it", async (_, behaviour) => {
    const stage = await onStage({ graph: { permanentDelete: false } });
    const ids = ["one", "two"].map((subject) => immutableId(deliver(stage, subject)));
    const outcomes = await all(remove(boxWith(stage, behaviour), ids, "hard"));
    expect(outcomes).toEqual(
      ids.map((newItemId) => ({
        ok: true,
        value: { newItemId, mode: "soft", note: expect.stringContaining("no permanent deletion") },
      })),
    );
    expect(there(stage, "recoverableitemsdeletions")).toEqual(["one", "two"]);
  });

  test.each([
    ["deleteditems", "move"],
    ["recoverableitemsdeletions", "move"],
    ["deleteditems", "delete_twice"],
    ["recoverableitemsdeletions", "delete"],
  ] as const)(
    "softly ends in the Recoverable Items where nothing can be moved there and DELETE leads to %s (soft_delete: %s)",
    async (deletesTo, softDelete) => {
      const stage = await onStage({ graph: { movesToRecoverable: false, deletesTo } });
      const ids = [immutableId(deliver(stage, "one")), restId(deliver(stage, "two").id)];
      const outcomes = await all(remove(boxWith(stage, { softDelete }), ids, "soft"));
      expect(codes(outcomes)).toEqual(["done", "done"]);
      expect(there(stage, "recoverableitemsdeletions")).toEqual(["one", "two"]);
      const lying = [...stage.ann.known("recoverableitemsdeletions").items.values()].map(immutableId);
      expect(outcomes.map((outcome) => outcome.ok && outcome.value.newItemId)).toEqual(lying);
      expect(stage.lab.requests.filter(({ operation }) => operation === "mailfolder-get")).toHaveLength(1);
    },
  );

  test("softly by one DELETE that leads to Deleted Items is not-verified, with the setting that deletes from there", async () => {
    const stage = await onStage({ graph: { deletesTo: "deleteditems" } });
    const [outcome] = await all(remove(boxWith(stage, { softDelete: "delete" }), [immutableId(deliver(stage, "one"))], "soft"));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "not-verified", hint: expect.stringContaining("delete_twice") } });
  });

  test.each(["move", "delete"] as const)("softly a message that is already gone is not-found (soft_delete: %s)", async (softDelete) => {
    const stage = await onStage({ graph: { movesToRecoverable: false } });
    const item = deliver(stage, "one");
    stage.ann.move(item, stage.ann.known("recoverableitemspurges"));
    expect(codes(await all(remove(boxWith(stage, { softDelete }), [immutableId(item)], "soft")))).toEqual(["not-found"]);
  });

  test("softly a message that may not be deleted keeps its refusal and stays", async () => {
    const stage = await onStage({ graph: { movesToRecoverable: false } });
    const item = deliver(stage, "one");
    stage.lab.addFault({ kind: "item-error", operation: "message-delete", code: "ErrorCannotDeleteObject" });
    const deleting = all(remove(boxWith(stage, { softDelete: "delete" }), [immutableId(item)], "soft"));
    expect(codes(await deleting)).toEqual(["access-denied"]);
    expect(there(stage, "inbox")).toEqual(["one"]);
  });
});

test("marking as junk without a move is unsupported, because Graph has no request for it", async () => {
  const stage = await onStage();
  const id = deliver(stage, "one").id;
  expect(codes(await all(junk(boxOf(stage), [id], { isJunk: true, move: false })))).toEqual(["unsupported"]);
  const [moved] = await all(junk(boxOf(stage), [id], { isJunk: true, move: true }));
  expect(moved?.ok && moved.value.senderBlocked).toBeUndefined();
  expect(stage.ann.known("junkemail").items.size).toBe(1);
});
