import { describe, expect, test } from "vitest";
import { startLab } from "../../src/lab/lab.ts";
import { Store } from "../../src/lab/store/store.ts";

describe("the log of acts", () => {
  test("counts the actions on each message, even after it has moved", () => {
    const store = new Store();
    const ann = store.addUser({ address: "ann@example.com" });
    const [one, two] = ["one", "two"].map((subject) =>
      ann.add(ann.known("inbox"), {
        subject,
        internetMessageId: "<x@example.net>",
        attachments: [{ kind: "file", name: "a", content: Buffer.from("a") }],
      }),
    );
    if (one === undefined || two === undefined) throw new Error("They were not added.");
    const moved = ann.move(one, ann.known("deleteditems"));
    ann.move(moved, ann.known("inbox"));
    ann.copy(two, ann.known("archive"));
    ann.removeAttachment(two.attachments[0]?.id ?? "");
    ann.remove(two);
    expect(store.acts.counted("<x@example.net>")).toMatchObject([
      { mailbox: "ann@example.com", subject: "one", counts: { move: 2 } },
      { mailbox: "ann@example.com", subject: "two", counts: { copy: 1, "delete-attachment": 1, delete: 1 } },
    ]);
    expect(store.acts.counted("<other@example.net>")).toEqual([]);
    expect(store.acts.all.map(({ act, from, to }) => [act, from, to])).toEqual([
      ["move", "Inbox", "Deleted Items"],
      ["move", "Deleted Items", "Inbox"],
      ["copy", "Inbox", "Archive"],
      ["delete-attachment", "Inbox", undefined],
      ["delete", "Inbox", undefined],
    ]);
  });

  test("is empty when a lab has started, whatever seeding has moved", async () => {
    const lab = await startLab();
    expect(lab.store.acts.all).toEqual([]);
    await lab.close();
  });
});
