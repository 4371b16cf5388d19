import { afterEach, describe, expect, test } from "vitest";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import type { Answer } from "../../../src/catalogue/answer-envelope.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import type { NewAttachment } from "../../../src/lab/store/item.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { type backends, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type SpoilingProxy, type Spoilt } from "./spoiling-proxy.ts";

const who = "ann@example.com";
/** A reply that names it is spoilt. */
const mark = "SPOILS-ITS-LIST.doc";
const names = ["a.txt", mark, "c.txt"];

const error = (code: string) => ({ status: 500, body: JSON.stringify({ error: { code, message: "An error occurred." } }) });
const cut = ({ reply }: Passing) => ({ status: 200, body: reply.slice(0, reply.indexOf(mark)) });

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function stage(backend: (typeof backends)[number]) {
  const at = await openLabHost({ seed: false }, backend);
  open.push(at);
  at.lab.store.addUser({ address: who, password: "x" });
  at.lab.store.addUser({ address: socAddress, password: labPassword, roles: ["ApplicationImpersonation"] });
  const attachments = names.map((name): NewAttachment => ({ kind: "file", name, contentType: "text/plain", content: Buffer.from(name) }));
  const item = at.put(who, { attachments, body: { type: "Text", value: "body" } });
  const healthy = at.put(who, { subject: "Healthy", attachments: [{ kind: "file", name: "d.txt", content: Buffer.from("d") }] });
  return { at, item, healthy, input: { mailbox: who, item_id: at.idOf(item) } };
}

const told = (answer: Answer) => answer.results?.map(({ name, status }) => [name, status]);

describe("over graph, a list of attachments that one attachment spoils", () => {
  async function spoilt(how: (passing: Passing) => Spoilt, isSpoilt: (passing: Passing) => boolean = () => true) {
    const staged = await stage("graph");
    const proxy: SpoilingProxy = await openSpoilingProxy(staged.at.lab, "graph", (passing) =>
      passing.reply.includes(mark) && isSpoilt(passing) ? how(passing) : undefined,
    );
    open.push(proxy);
    const run: LabHost["run"] = (action, input) => staged.at.run(action, input, { exchange: proxy.exchange });
    const id = `${staged.input.item_id}.`;
    return { ...staged, proxy, run, id };
  }
  const left = (at: LabHost, id: string) => at.item(who, id)?.attachments.map(({ name }) => name);

  test.each([
    ["HTTP 500", () => error("InternalServerError")],
    ["JSON that breaks off", cut],
    ["ErrorItemCorrupt", () => error("ErrorItemCorrupt")],
  ] as const)(
    "is read one by one after %s: the corrupt one is named, all others are returned",
    async (_, how) => {
      const { run, input, id, proxy } = await spoilt(how);
      const answer = await run(getAttachments, input);
      expect(answer).toMatchObject({ success: false, incomplete: true, counts: { requested: 3, succeeded: 2, failed: 1 } });
      expect(exitCodeOf(answer)).toBe(6);
      expect(told(answer)).toEqual([
        [undefined, "failed"],
        ["a.txt", "done"],
        ["c.txt", "done"],
      ]);
      expect(answer.results?.[0]).toMatchObject({ item_id: input.item_id, attachment_id: expect.stringContaining(id) });
      expect(JSON.stringify(answer.results?.[0]?.error)).toContain("cannot list attachment 2");
      expect(proxy.passed.count).toBeLessThan(40);
    },
    60_000,
  );

  test("is reported with its name and size if Exchange lists them", async () => {
    const { run, input } = await spoilt(cut, ({ url }) => !/select=id(?:,|%2C)name(?:,|%2C)contentType(?:,|%2C)size(?:&|$)/.test(url));
    const answer = await run(getAttachments, { ...input, as: "metadata" });
    expect(answer.results?.[0]).toMatchObject({ name: mark, size: expect.any(Number), status: "failed" });
    expect(answer.results?.map(({ name }) => name)).toEqual([mark, "a.txt", "c.txt"]);
    const other = await run(getAttachments, { ...input, name_pattern: "a*", expand_nested: false });
    expect(told(other)).toEqual([["a.txt", "done"]]);
  }, 60_000);

  test("does not hide an attachment requested by its id, nor make the corrupt one look absent", async () => {
    const { run, input } = await spoilt(cut);
    const [corrupt, first] = (await run(getAttachments, { ...input, as: "metadata" })).results ?? [];
    const one = await run(getAttachments, { ...input, attachment_ids: [first?.attachment_id] });
    expect(told(one)).toEqual([["a.txt", "done"]]);
    const answer = await run(getAttachments, { ...input, attachment_ids: [corrupt?.attachment_id] });
    expect(answer.results).toMatchObject([{ attachment_id: corrupt?.attachment_id, status: "failed" }]);
  }, 60_000);

  test("lets the others be deleted and verified, and leaves the corrupt one", async () => {
    const { at, run, input } = await spoilt(cut);
    const answer = await run(deleteAttachments, { ...input, all: true });
    expect(answer).toMatchObject({ success: false, counts: { requested: 3, succeeded: 2, failed: 1 } });
    expect(told(answer)).toEqual([
      [undefined, "failed"],
      ["a.txt", "done"],
      ["c.txt", "done"],
    ]);
    expect(answer.results?.map(({ verified }) => verified)).toEqual([undefined, true, true]);
    expect(left(at, input.item_id)).toEqual([mark]);
  }, 60_000);

  test("does not spoil the lists of other messages in the same batch", async () => {
    const { at, run, item, healthy } = await spoilt(cut);
    const answer = await run(getAttachments, { mailbox: who, item_id: [at.idOf(item), at.idOf(healthy)] });
    expect(told(answer)).toEqual([
      [undefined, "failed"],
      ["a.txt", "done"],
      ["c.txt", "done"],
      ["d.txt", "done"],
    ]);
  }, 60_000);

  test("keeps a message from being deleted, since its copy cannot be compared with the list", async () => {
    const { at, run, input } = await spoilt(cut, ({ url }) => url.includes("/attachments"));
    const before = at.item(who, input.item_id)?.attachments.length;
    const answer = await run(deleteEmail, { ...input, keep_evidence: true });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed" }] });
    expect(at.item(who, input.item_id)?.attachments.length).toBe(before);
  }, 60_000);

  test("is undecided for a filter that no other attachment passes, and decided for one that another passes", async () => {
    const { at, run, item, healthy } = await spoilt(cut);
    const search = (attachment_name: string) => run(searchEmailsExtended, { mailbox: who, attachment_name });
    const ids = (answer: Readonly<Record<string, unknown>>) => (answer.items as { item_id: string }[]).map(({ item_id }) => item_id);
    const found = await search("a.txt");
    expect(ids(found)).toEqual([at.idOf(item)]);
    const other = await search("d.txt");
    expect(ids(other)).toEqual([at.idOf(healthy)]);
    expect(other).toMatchObject({ incomplete: true, per_mailbox: [{ unsearched: [{ item_id: at.idOf(item) }] }] });
  }, 60_000);

  test("fails as a whole when not even the ids can be listed", async () => {
    const staged = await stage("graph");
    const proxy = await openSpoilingProxy(staged.at.lab, "graph", ({ url }) =>
      url.includes("/attachments") ? error("InternalServerError") : undefined,
    );
    open.push(proxy);
    const answer = await staged.at.run(getAttachments, staged.input, { exchange: proxy.exchange });
    expect(answer).toMatchObject({ success: false, counts: { requested: 1, failed: 1 }, results: [{ error: { code: "broken-reply" } }] });
  }, 60_000);
});

describe("over ews, an attachment whose content cannot be read", () => {
  test("has one failed row, and the others are returned", async () => {
    const { at, input } = await stage("ews");
    at.lab.addFault({ kind: "item-error", operation: "GetAttachment", nth: 2, code: "ErrorItemCorrupt" });
    const answer = await at.run(getAttachments, input);
    expect(answer).toMatchObject({ success: false, counts: { requested: 3, succeeded: 2, failed: 1 } });
    expect(told(answer)).toEqual([
      ["a.txt", "done"],
      [mark, "failed"],
      ["c.txt", "done"],
    ]);
    expect(answer.results?.[1]).toMatchObject({ error: { code: "unreadable", wire_code: "ErrorItemCorrupt" } });
  });

  test("is not deleted without its copy, and the others are", async () => {
    const { at, item, input } = await stage("ews");
    at.lab.addFault({ kind: "item-error", operation: "GetAttachment", nth: 1, code: "ErrorItemCorrupt" });
    const answer = await at.run(deleteAttachments, { ...input, all: true });
    expect(answer.results?.map(({ status }) => status)).toEqual(["failed", "done", "done"]);
    expect(at.item(who, at.idOf(item))?.attachments.map(({ name }) => name)).toEqual(["a.txt"]);
  });
});
