import { expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, deliver, mailboxOf, type Received, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const start = `/users/${anna}/mailFolders/inbox/messages/delta`;

/** Follows a round to its end; returns the changes and the path for the next round. */
async function round(lab: Lab, path: string, sent: Parameters<typeof call>[4] = {}) {
  const changes: unknown[] = [];
  let received: Received = await call(lab, "GET", path, undefined, sent);
  for (;;) {
    const value = received.at("value");
    if (!Array.isArray(value)) throw new Error(`no changes: ${received.bytes.toString("utf8")}`);
    changes.push(...value);
    const more = received.at("@odata.nextLink");
    if (more === undefined) break;
    received = await call(lab, "GET", text(more).replace(lab.graphUrl, ""), undefined, sent);
  }
  return { changes, next: text(received.at("@odata.deltaLink")).replace(lab.graphUrl, "") };
}

test("the first round has every message in pages, and the next only what changed", async () => {
  const lab = await startGraphLab();
  const items = ["one", "two", "three"].map((subject) => deliver(lab, { subject }));
  const paged = { headers: { Prefer: "odata.maxpagesize=2" } };
  const first = await round(lab, `${start}?$select=subject`, paged);
  expect(first.changes.map((one) => Object.keys(Object(one)).filter((name) => !name.startsWith("@")))).toEqual(
    items.map(() => ["id", "subject"]),
  );
  const [one, two] = items;
  if (one === undefined || two === undefined) throw new Error("no items");
  mailboxOf(lab).update(one, { isRead: true });
  mailboxOf(lab).move(two, mailboxOf(lab).known("archive"));
  deliver(lab, { subject: "four" });
  const second = await round(lab, first.next);
  expect(second.changes).toEqual([
    expect.objectContaining({ subject: "one" }),
    { "@odata.type": "#microsoft.graph.message", id: expect.any(String), "@removed": { reason: "deleted" } },
    expect.objectContaining({ subject: "four" }),
  ]);
  expect((await round(lab, second.next)).changes).toEqual([]);
});

test("a removed message has the immutable id under which it was listed", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const first = await round(lab, start, stays);
  mailboxOf(lab).move(item, mailboxOf(lab).known("deleteditems"));
  const second = await round(lab, first.next, stays);
  const ids = [first, second].map(({ changes }) => Object(changes[0]).id);
  expect(ids[0]).toBe(ids[1]);
});

test("changeType limits a round, and its links remember it", async () => {
  const lab = await startGraphLab();
  const first = await round(lab, `${start}?changeType=deleted`);
  const item = deliver(lab);
  expect((await round(lab, first.next)).changes).toEqual([]);
  mailboxOf(lab).move(item, mailboxOf(lab).known("deleteditems"));
  const other = deliver(lab, { subject: "other" });
  const second = await round(lab, (await round(lab, `${start}?changeType=deleted`)).next);
  mailboxOf(lab).move(other, mailboxOf(lab).known("deleteditems"));
  expect([second.changes.length, (await round(lab, second.next)).changes.length]).toEqual([0, 1]);
});

test("$deltatoken=latest begins at the present", async () => {
  const lab = await startGraphLab();
  deliver(lab);
  const first = await round(lab, `${start}?$deltatoken=latest`);
  deliver(lab, { subject: "later" });
  expect([first.changes, (await round(lab, first.next)).changes.length]).toEqual([[], 1]);
});

test.each([
  [`${start}?$deltatoken=x`, [410, "SyncStateNotFound"]],
  [`${start}?$filter=isRead eq true`, [400, "ErrorInvalidUrlQuery"]],
  [`${start}?changeType=read`, [400, "ErrorInvalidUrlQuery"]],
])("%s is refused", async (path, expected) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "GET", encodeURI(path)))).toEqual(expected);
});

test("a token of another folder is refused", async () => {
  const lab = await startGraphLab();
  const { next } = await round(lab, start);
  expect(refusal(await call(lab, "GET", next.replace("inbox", "drafts")))).toEqual([410, "SyncStateNotFound"]);
});

test("the folders that were made, renamed and deleted are told, hidden ones and those of other kinds are not", async () => {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  const folders = `/users/${anna}/mailFolders/delta`;
  const first = await round(lab, folders);
  const named = ({ changes }: typeof first) => changes.map((one) => Object(one).displayName ?? Object(one)["@removed"]);
  expect(named(first)).toEqual(expect.arrayContaining(["Inbox", "Drafts"]));
  expect(named(first)).not.toContain("Contacts");
  const made = mailbox.createFolder(mailbox.known("inbox"), "Case");
  mailbox.createFolder(mailbox.known("inbox"), "Unseen", "IPF.Note", { isHidden: true });
  const second = await round(lab, first.next);
  mailbox.removeFolder(made);
  expect([named(second), named(await round(lab, second.next))]).toEqual([["Case"], [{ reason: "deleted" }]]);
});
