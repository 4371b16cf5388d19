import { afterEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { immutableId } from "../../../src/lab/graph/ids.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing } from "./spoiling-proxy.ts";

const ann = "ann@example.com";
const bob = "bob@example.com";

type Json = Record<string, unknown>;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A lab of which every JSON reply, alone or in a batch, passes through `alter` with the URL that it answers, and every request through `altered`. */
async function stage(alter: (url: string, body: Json) => Json, options: LabOptions = {}, altered?: (asked: string) => string) {
  const at: LabHost = await openLabHost({ seed: false, ...options }, "graph");
  open.push(at);
  for (const address of [ann, bob]) at.lab.store.addUser({ address, password: "x" });
  const proxy = await openSpoilingProxy(
    at.lab,
    "graph",
    ({ url, asked, reply }: Passing) => {
      if (!reply.startsWith("{")) return undefined;
      const said = JSON.parse(reply);
      if (said.error !== undefined) return undefined;
      if (!Array.isArray(said.responses)) return { status: 200, body: JSON.stringify(alter(url, said)) };
      const urls = new Map<string, string>(JSON.parse(asked).requests.map((one: { id: string; url: string }) => [one.id, one.url]));
      const responses = said.responses.map((one: { id: string; body: Json }) => ({
        ...one,
        body: alter(urls.get(one.id) ?? "", one.body),
      }));
      return { status: 200, body: JSON.stringify({ ...said, responses }) };
    },
    altered,
  );
  open.push(proxy);
  return { at, changes: { exchange: proxy.exchange } };
}

/** Says of every folder named so that it has one more subfolder than the lab counts. */
function countingOneMore(name: string) {
  const more = (folder: Json): Json =>
    folder.displayName === name ? { ...folder, childFolderCount: Number(folder.childFolderCount) + 1 } : folder;
  return (_: string, body: Json): Json => (Array.isArray(body.value) ? { ...body, value: body.value.map(more) } : more(body));
}

describe("a folder that counts more subfolders than Graph lists", () => {
  test.each([
    ["none", []],
    ["one", ["Known"]],
  ])(
    "makes a search partly and names the folder if %s is listed",
    async (_, known) => {
      const { at, changes } = await stage(countingOneMore("Cases"));
      const cases = at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
      for (const name of known) at.mailbox(ann).createFolder(cases, name);
      const answer = await at.run(searchEmailsExtended, { mailbox: ann }, changes);
      expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
      expect(JSON.stringify(answer.per_mailbox)).toContain("Cases");
      const gone = await at.run(deleteEmail, { mailbox: ann, internet_message_id: ["<none@example.net>"], confirm: true }, changes);
      expect(gone).toMatchObject({ success: false, results: [{ error: { code: "could-not-look" } }] });
    },
    60_000,
  );

  describe("on several pages", () => {
    const inPages = (asked: string) => asked.replaceAll("$top=250", "$top=4").replaceAll("%24top=250", "%24top=4");
    const names = ["A", "B", "C", "D", "E"];
    /** Whether it begins a list of the subfolders A to E. */
    const isFirstPage = (_: string, { value }: Json) => Array.isArray(value) && value.some((one) => one.displayName === "A");

    test("makes a search partly and names the folder", async () => {
      const counting = countingOneMore("Cases");
      let pages = 0;
      const { at, changes } = await stage(
        (url, body) => {
          if (Array.isArray(body.value) && body.value.some((one) => one.displayName === "E")) pages += 1;
          return counting(url, body);
        },
        {},
        inPages,
      );
      const cases = at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
      for (const name of names) at.mailbox(ann).createFolder(cases, name);
      const answer = await at.run(searchEmailsExtended, { mailbox: ann }, changes);
      expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
      expect(JSON.stringify(answer.per_mailbox)).toContain("Cases");
      expect(pages).toBe(2);
    }, 60_000);

    test("is searched in the subfolder that only the second list returns", async () => {
      let looked = 0;
      const { at, changes } = await stage(
        (url, body) => {
          if (isFirstPage(url, body)) looked += 1;
          if (!Array.isArray(body.value) || looked > 2) return body;
          return { ...body, value: body.value.filter((one) => one.displayName !== "E") };
        },
        {},
        inPages,
      );
      const cases = at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
      const [last] = names.map((name) => at.mailbox(ann).createFolder(cases, name)).slice(-1);
      if (last !== undefined) at.mailbox(ann).add(last, { subject: "Found" });
      const answer = await at.run(searchEmailsExtended, { mailbox: ann }, changes);
      expect(answer).toMatchObject({ success: true, items: [{ subject: "Found" }] });
    }, 60_000);

    test("needs no second list if every subfolder is listed", async () => {
      let looked = 0;
      const { at, changes } = await stage(
        (url, body) => {
          if (isFirstPage(url, body)) looked += 1;
          return body;
        },
        {},
        inPages,
      );
      const cases = at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
      for (const name of names) at.mailbox(ann).createFolder(cases, name);
      expect(await at.run(searchEmailsExtended, { mailbox: ann }, changes)).toMatchObject({ success: true });
      // Once with the other folders of its level, and once page by page.
      expect(looked).toBe(2);
    }, 60_000);
  });

  test("is complete if the subfolder was deleted in between", async () => {
    let looked = 0;
    const counting = countingOneMore("Cases");
    const { at, changes } = await stage((url, body) => {
      if (/childFolders/.test(url)) looked += 1;
      return looked > 2 ? body : counting(url, body);
    });
    at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
    expect(await at.run(searchEmailsExtended, { mailbox: ann }, changes)).toMatchObject({ success: true });
    // The subfolders of the Inbox, those of Cases, and these again.
    expect(looked).toBe(3);
  }, 60_000);

  test("is searched in the subfolder that only the second list returns", async () => {
    let spoilt = 0;
    const { at, changes } = await stage((_, body) => {
      const isCases = Array.isArray(body.value) && body.value.some((one) => one.displayName === "Known");
      if (!isCases || spoilt > 0) return body;
      spoilt += 1;
      return { ...body, value: [] };
    });
    const cases = at.mailbox(ann).createFolder(at.mailbox(ann).known("inbox"), "Cases");
    const known = at.mailbox(ann).createFolder(cases, "Known");
    at.mailbox(ann).add(known, { subject: "Found" });
    const answer = await at.run(searchEmailsExtended, { mailbox: ann }, changes);
    expect(spoilt).toBe(1);
    expect(answer).toMatchObject({ success: true, items: [{ subject: "Found" }] });
  }, 60_000);
});

const isAttachmentList = (url: string, body: Json) => /\/attachments\?/.test(url) && Array.isArray(body.value);

/** A message from bob to ann with two pictures in its text. */
function pictures({ lab }: LabHost): LabItem {
  const picture = (id: string) => [
    "--b",
    `Content-Type: image/png; name=${id}.png`,
    `Content-ID: <${id}>`,
    "Content-Disposition: inline",
    "",
    id,
  ];
  const head = [
    `From: ${bob}`,
    `To: ${ann}`,
    "Subject: Real?",
    "Message-ID: <q@example.com>",
    "Content-Type: multipart/related; boundary=b",
    "",
  ];
  const html = ["--b", "Content-Type: text/html", "", "<p>secret <img src=cid:one><img src=cid:two></p>"];
  const mime = Buffer.from([...head, ...html, ...picture("one"), ...picture("two"), "--b--", ""].join("\r\n"));
  const item = lab.store.deliver(mime, { from: bob, to: [ann] })[0]?.item;
  if (item === undefined) throw new Error("The lab delivered nothing.");
  return item;
}

const counted = (body: Json, keep: number): Json => ({
  ...body,
  "@odata.count": 2,
  value: Array.isArray(body.value) ? body.value.slice(0, keep) : [],
});

describe("an attachment list that counts two and always returns one", () => {
  const always = (url: string, body: Json) => (isAttachmentList(url, body) ? counted(body, 1) : body);

  test("is a failure of get-attachments, not a list of one", async () => {
    const { at, changes } = await stage(always);
    const answer = await at.run(getAttachments, { mailbox: ann, item_id: [immutableId(pictures(at))] }, changes);
    expect(answer).toMatchObject({ success: false, results: [{ error: { code: "broken-reply" } }] });
  }, 60_000);

  test("sends no reply that may still have a picture of the original", async () => {
    const { at, changes } = await stage(always);
    const input = { mailbox: ann, item_id: immutableId(pictures(at)), body_text: "No.", quote_original: false };
    const answer = await at.run(replyToEmail, input, changes);
    expect(answer).toMatchObject({ success: false, results: [{ error: { code: "broken-reply" } }] });
    expect(at.mailbox(bob).known("inbox").items.size).toBe(0);
  }, 60_000);

  test("copies nothing to another mailbox as MIME", async () => {
    const { at, changes } = await stage(always, { graph: { importExport: false } });
    const input = {
      mailbox: ann,
      item_id: [immutableId(pictures(at))],
      destination_mailbox: bob,
      destination_folder: "inbox",
    };
    const answer = await at.run(copyEmail, input, changes);
    expect(answer).toMatchObject({
      success: false,
      results: [{ error: { code: "broken-reply", message: expect.stringContaining("counts 2") } }],
    });
    expect(at.mailbox(bob).known("inbox").items.size).toBe(0);
  }, 60_000);
});

test("a list of attachments that once returns fewer than it counts is complete in a second request", async () => {
  let spoilt = 0;
  const { at, changes } = await stage((url, body) => (isAttachmentList(url, body) && spoilt++ === 0 ? counted(body, 1) : body));
  const answer = await at.run(getAttachments, { mailbox: ann, item_id: [immutableId(pictures(at))] }, changes);
  expect(answer).toMatchObject({ success: true });
  expect(JSON.stringify(answer)).toMatch(/one\.png.*two\.png/);
}, 60_000);
