import { expect, test } from "vitest";
import type { NewAttachment } from "../../../../src/lab/store/item.ts";
import { anna, call, mailboxOf, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const inner = {
  subject: "inner",
  itemClass: "IPM.Note",
  attachments: [{ kind: "file", name: "deep.txt", content: Buffer.from("deep") }],
} as const;
const all: readonly NewAttachment[] = [
  { kind: "file", name: "a.txt", contentType: "text/plain", content: Buffer.from("hello") },
  { kind: "file", name: "logo.png", contentType: "image/png", contentId: "logo", isInline: true, content: new Uint8Array(0) },
  { kind: "item", name: "inner", item: inner },
  { kind: "reference", name: "link", url: "https://files.example/x" },
];

async function stage(attachments: readonly NewAttachment[] = all, isDraft = false) {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  const item = mailbox.add(mailbox.known("inbox"), { subject: "outer", attachments, isDraft });
  const message = `/users/${anna}/messages/${encodeURIComponent(item.id.replaceAll("/", "-").replaceAll("+", "_"))}`;
  const list = await call(lab, "GET", `${message}/attachments`);
  const path = (at: number) => `${message}/attachments/${encodeURIComponent(text(list.at("value", at, "id")))}`;
  return { lab, mailbox, item, message, list, path };
}

test("each kind of attachment is listed under its type, files with their bytes", async () => {
  const { list } = await stage();
  expect(list.at("value")).toMatchObject([
    { "@odata.type": "#microsoft.graph.fileAttachment", name: "a.txt", size: 5, isInline: false, contentBytes: "aGVsbG8=" },
    { "@odata.type": "#microsoft.graph.fileAttachment", contentId: "logo", isInline: true, contentBytes: "" },
    { "@odata.type": "#microsoft.graph.itemAttachment", name: "inner" },
    { "@odata.type": "#microsoft.graph.referenceAttachment", name: "link" },
  ]);
});

test("$value gives the bytes of a file, the MIME of a message, and status 405 for a link", async () => {
  const { lab, path } = await stage();
  const file = await call(lab, "GET", `${path(0)}/$value`);
  expect([file.headers["content-type"], file.bytes.toString()]).toEqual(["text/plain", "hello"]);
  expect((await call(lab, "GET", `${path(1)}/$value`)).bytes).toHaveLength(0);
  expect((await call(lab, "GET", `${path(2)}/$value`)).bytes.toString()).toMatch(/^Subject: inner\r$/m);
  expect((await call(lab, "GET", `${path(3)}/$value`)).status).toBe(405);
});

test("an attached message can be read, with its own attachments", async () => {
  const { lab, path } = await stage();
  const found = await call(lab, "GET", `${path(2)}?$expand=microsoft.graph.itemattachment/item($expand=attachments)`);
  expect(found.at("item")).toMatchObject({ "@odata.type": "#microsoft.graph.message", subject: "inner" });
  expect(found.at("item", "attachments", 0, "name")).toBe("deep.txt");
});

test("a file that the store cannot give out fails alone: the others are read, and its name is", async () => {
  const broken: NewAttachment = { kind: "file", name: "broken", content: Buffer.from("x"), unreadable: true };
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  const item = mailbox.add(mailbox.known("inbox"), {
    subject: "x",
    attachments: [broken, { kind: "file", name: "whole", content: Buffer.from("y") }],
  });
  const message = `/users/${anna}/messages/${encodeURIComponent(item.id.replaceAll("/", "-").replaceAll("+", "_"))}`;
  const list = await call(lab, "GET", `${message}/attachments?$select=id,name`);
  expect([list.at("value", 0, "name"), list.at("value", 1, "name")]).toEqual(["broken", "whole"]);
  const value = (at: number) => call(lab, "GET", `${message}/attachments/${encodeURIComponent(text(list.at("value", at, "id")))}/$value`);
  expect(refusal(await value(0))).toEqual([500, "ErrorCannotOpenFileAttachment"]);
  expect((await value(1)).bytes.toString()).toBe("y");
});

test("an attachment that is deleted is gone from the list and from the MIME; deleting it again finds nothing", async () => {
  const { lab, path, message } = await stage();
  expect((await call(lab, "DELETE", path(0))).status).toBe(204);
  expect(refusal(await call(lab, "DELETE", path(0)))).toEqual([404, "ErrorItemNotFound"]);
  expect(refusal(await call(lab, "GET", path(0)))).toEqual([404, "ErrorItemNotFound"]);
  const mime = (await call(lab, "GET", `${message}/$value`)).bytes.toString();
  expect([mime.includes("a.txt"), mime.includes("logo.png")]).toEqual([false, true]);
});

test("with an id that stays, attachments keep theirs when the message moves", async () => {
  const { lab, mailbox, item, message } = await stage();
  const before = await call(lab, "GET", `${message}/attachments`, undefined, stays);
  const whole = await call(lab, "GET", message, undefined, stays);
  mailbox.move(item, mailbox.known("archive"));
  const path = `/users/${anna}/messages/${encodeURIComponent(text(whole.at("id")))}/attachments`;
  const after = await call(lab, "GET", path, undefined, stays);
  expect(after.at("value", 2, "id")).toBe(before.at("value", 2, "id"));
  expect((await call(lab, "GET", `${path}/${encodeURIComponent(text(before.at("value", 0, "id")))}/$value`)).bytes.toString()).toBe(
    "hello",
  );
});

test.each([
  [{ name: "x", contentBytes: "eA==" }, 400, "UnableToDeserializePostBody"],
  [{ "@odata.type": "#microsoft.graph.fileAttachment", contentBytes: "eA==" }, 400, "ErrorRequiredPropertyMissing"],
  [{ "@odata.type": "#microsoft.graph.fileAttachment", name: "x", contentBytes: "?" }, 400, "UnableToDeserializePostBody"],
])("adding %j is refused with status %d and code %s", async (body, status, code) => {
  const { lab, message } = await stage([], true);
  expect(refusal(await call(lab, "POST", `${message}/attachments`, body))).toEqual([status, code]);
});

test("a file above three megabytes is too large for one request", async () => {
  const { lab, message } = await stage([], true);
  const large = (bytes: number) => ({
    "@odata.type": "#microsoft.graph.fileAttachment",
    name: "large",
    contentBytes: Buffer.alloc(bytes).toString("base64"),
  });
  expect((await call(lab, "POST", `${message}/attachments`, large(3 * 1024 * 1024 + 1))).status).toBe(413);
  expect((await call(lab, "POST", `${message}/attachments`, large(2 * 1024 * 1024))).status).toBe(201);
});

test("a message can be attached in JSON", async () => {
  const { lab, message, item } = await stage([], true);
  const attached = { "@odata.type": "#microsoft.graph.message", subject: "as item", body: { contentType: "text", content: "x" } };
  const body = { "@odata.type": "#microsoft.graph.itemAttachment", name: "mail", item: attached };
  expect((await call(lab, "POST", `${message}/attachments`, body)).status).toBe(201);
  expect(item.attachments[0]?.item?.subject).toBe("as item");
});
