import { afterEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { type LabHost, openLabHost } from "../../actions/lab-host.ts";
import { openSpoilingProxy, type Passing, type Spoilt } from "../../actions/search/spoiling-proxy.ts";

const ann = "ann@example.com";
const bob = "bob@example.com";
/** A list that names it is spoilt. */
const mark = "SPOILS-ITS-LIST.doc";
const names = ["a.txt", mark, "c.txt"];

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const corrupt = { status: 500, body: JSON.stringify({ error: { code: "ErrorItemCorrupt", message: "An error occurred." } }) };
const isList = ({ reply }: Passing) => reply.includes(mark) && !reply.includes("--attached--");

/** A message with three attachments in a cloud without export and import; what it returns passes through `spoil`. */
async function stage(spoil: (passing: Passing) => Spoilt | undefined) {
  const at: LabHost = await openLabHost({ seed: false, graph: { importExport: false } }, "graph");
  open.push(at);
  for (const address of [ann, bob]) at.lab.store.addUser({ address });
  const part = (name: string) => [
    "--attached",
    `Content-Type: text/plain; name=${name}`,
    `Content-Disposition: attachment; filename=${name}`,
    "",
    name,
  ];
  const head = ["From: m@example.net", `To: ${ann}`, "Subject: Three", "Message-ID: <three@example.net>", "MIME-Version: 1.0"];
  const lines = [...head, "Content-Type: multipart/mixed; boundary=attached", "", ...names.flatMap(part), "--attached--", ""];
  const item = at.lab.store.deliver(Buffer.from(lines.join("\r\n")), { from: "m@example.net", to: [ann] })[0]?.item;
  const proxy = await openSpoilingProxy(at.lab, "graph", spoil);
  open.push(proxy);
  const input = { mailbox: ann, item_id: [at.idOf(item)], destination_mailbox: bob, destination_folder: "inbox" };
  const copied = () => [...at.mailbox(bob).known("inbox").items.values()].map(({ attachments }) => attachments.map(({ name }) => name));
  return { at, copied, run: () => at.run(copyEmail, input, { exchange: proxy.exchange }), input, changes: { exchange: proxy.exchange } };
}

describe("a copy as MIME of a message with an attachment that Exchange cannot list", () => {
  test("has every attachment, since the message itself is whole", async () => {
    const { run, copied } = await stage((passing) => (isList(passing) ? corrupt : undefined));
    expect(await run()).toMatchObject({ success: true, results: [{ status: "done", method: "mime" }] });
    expect(copied()).toEqual([names]);
  });

  test("is not made if the message lacks an attachment that Exchange lists", async () => {
    const { run, copied } = await stage((passing) => {
      if (isList(passing)) return corrupt;
      if (!passing.reply.includes("--attached--")) return undefined;
      const parts = passing.reply.split("--attached\r\n").filter((part) => !part.includes("name=c.txt"));
      return { status: 200, body: `${parts.join("--attached\r\n")}--attached--\r\n` };
    });
    const answer = await run();
    expect(answer).toMatchObject({
      success: false,
      results: [{ error: { code: "broken-reply", message: expect.stringContaining("c.txt") } }],
    });
    expect(copied()).toEqual([]);
  });

  test("is not made if the list of attachments ends with the corrupt one", async () => {
    const { run, copied } = await stage((passing) => (/\/attachments/.test(passing.url) || isList(passing) ? corrupt : undefined));
    expect(await run()).toMatchObject({ success: false, results: [{ status: "failed" }] });
    expect(copied()).toEqual([]);
  });

  test("does not stand in the way of saving it as EML", async () => {
    const { at, input, changes } = await stage((passing) => (isList(passing) ? corrupt : undefined));
    const saved = await at.run(downloadMailAsEml, { mailbox: ann, item_id: input.item_id }, changes);
    expect(saved).toMatchObject({ success: true, results: [{ status: "done" }] });
  });
});
