import { expect, test } from "vitest";
import type { NewAttachment } from "../../../../src/lab/store/item.ts";
import { delivered, fields, folderOf, idAlone, labForEach, mailboxOf, messages, names } from "../item-calls.ts";
import { anna, ben, call, faultCode, outcomes } from "../soap-client.ts";

const lab = labForEach();
const get = (ids: readonly string[], attachmentShape = ""): string =>
  `<m:GetAttachment>${attachmentShape}<m:AttachmentIds>${ids.map((id) => `<t:AttachmentId Id="${id}"/>`).join("")}</m:AttachmentIds></m:GetAttachment>`;
const shape = (inner: string): string => `<m:AttachmentShape>${inner}</m:AttachmentShape>`;

function holding(...attachments: readonly NewAttachment[]) {
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject: "outer", attachments });
  return { item, ids: item.attachments.map(({ id }) => id) };
}
const attachmentsOf = (received: Awaited<ReturnType<typeof call>>) =>
  messages(received).map((message) => message.child("Attachments")?.children[0]);

test("files are returned with their content, even empty ones and those without a name", async () => {
  const { ids } = holding(
    { kind: "file", name: "a.bin", contentType: "application/octet-stream", content: Buffer.from([0, 1, 255]) },
    { kind: "file", name: "empty", content: new Uint8Array() },
    { kind: "file", content: Buffer.from("x") },
  );
  const found = attachmentsOf(await call(lab(), get(ids)));
  expect(found.map((one) => [one?.textAt("Name"), Buffer.from(one?.textAt("Content") ?? "?", "base64")])).toEqual([
    ["a.bin", Buffer.from([0, 1, 255])],
    ["empty", Buffer.alloc(0)],
    [undefined, Buffer.from("x")],
  ]);
});

test("large content comes whole, whatever the length of its last piece", async () => {
  const sizes = [3 * 65_536 - 1, 3 * 65_536, 3 * 65_536 + 1, 1_000_001];
  const contents = sizes.map((size) => Buffer.alloc(size, "mailcordon"));
  const { ids } = holding(...contents.map((content): NewAttachment => ({ kind: "file", name: "large", content })));
  const found = attachmentsOf(await call(lab(), get(ids)));
  expect(found.map((one, at) => Buffer.from(one?.textAt("Content") ?? "", "base64").equals(contents[at] ?? Buffer.alloc(0)))).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

test("one that cannot be read fails alone", async () => {
  const { ids } = holding(
    { kind: "file", name: "good", content: Buffer.from("1") },
    { kind: "file", name: "bad", content: Buffer.from("2"), unreadable: true },
    { kind: "file", name: "good too", content: Buffer.from("3") },
  );
  const received = await call(lab(), get(ids));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorCannotOpenFileAttachment", "Success NoError"]);
  expect(messages(received)[1]?.child("Attachments")?.children).toEqual([]);
});

const nested = `From: eve@example.org
To: anna@example.com
Subject: outer
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: message/rfc822

From: carol@example.net
Subject: middle
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: message/rfc822

Subject: innermost
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=i

--i
Content-Type: text/plain; name=core.txt
Content-Disposition: attachment; filename=core.txt

core
--i--
--m--
--o--
`;

test("nested attached messages are opened by the ids in each reply, down to the file in the last", async () => {
  const item = delivered(lab(), nested);
  const down = async (id: string) => {
    const [attachment] = attachmentsOf(await call(lab(), get([id])));
    const list = attachment?.at("Message", "Attachments")?.children[0];
    return { attachment, subject: attachment?.textAt("Message", "Subject"), next: list?.child("AttachmentId")?.attributes.get("Id") ?? "" };
  };
  const middle = await down(item.attachments[0]?.id ?? "");
  const innermost = await down(middle.next);
  const file = await down(innermost.next);
  expect([middle.subject, innermost.subject, file.attachment?.textAt("Name")]).toEqual(["middle", "innermost", "core.txt"]);
  expect(
    Buffer.from(file.attachment?.textAt("Content") ?? "", "base64")
      .toString()
      .trim(),
  ).toBe("core");
});

test("MIME of the attached message is returned on request, with its exact bytes from the outer message", async () => {
  const item = delivered(lab(), nested);
  const [attachment] = attachmentsOf(
    await call(lab(), get([item.attachments[0]?.id ?? ""], shape("<t:IncludeMimeContent>true</t:IncludeMimeContent>"))),
  );
  const mime = Buffer.from(attachment?.textAt("Message", "MimeContent") ?? "", "base64").toString();
  expect(mime.startsWith("From: carol@example.net\r\nSubject: middle\r\n")).toBe(true);
  expect(nested.replace(/\n/g, "\r\n")).toContain(mime);
});

test("the attached message has no id of its own, and its fields can be selected", async () => {
  const item = delivered(lab(), nested);
  const [all] = attachmentsOf(await call(lab(), get([item.attachments[0]?.id ?? ""])));
  expect(names(all?.child("Message") ?? all ?? never())).not.toContain("ItemId");
  const [some] = attachmentsOf(
    await call(lab(), get([item.attachments[0]?.id ?? ""], shape(`<t:BodyType>Text</t:BodyType>${fields("item:Body")}`))),
  );
  expect(some?.at("Message", "Body")?.attributes.get("BodyType")).toBe("Text");
});

function never(): never {
  throw new Error("no attachment");
}

test("a reference has its link and no content", async () => {
  const { ids } = holding({ kind: "reference", name: "plan", url: "https://files.example.com/plan" });
  const [found] = attachmentsOf(await call(lab(), get(ids)));
  expect([found?.name, found?.textAt("AttachLongPathName"), found?.child("Content")]).toEqual([
    "ReferenceAttachment",
    "https://files.example.com/plan",
    undefined,
  ]);
});

test("ids that name no attachment have their own codes", async () => {
  const { item, ids } = holding({ kind: "file", name: "a" }, { kind: "file", name: "b" });
  const [kept = "", gone = ""] = ids;
  const foreign = lab()
    .store.mailbox(ben)
    ?.add(folderOf(lab(), "inbox", ben), { attachments: [{ kind: "file", name: "c" }] });
  mailboxOf(lab(), anna).removeAttachment(gone);
  const received = await call(lab(), get([kept, gone, "nonsense", item.id, foreign?.attachments[0]?.id ?? ""]));
  expect(outcomes(received)).toEqual([
    "Success NoError",
    "Error ErrorInvalidAttachmentId",
    "Error ErrorInvalidIdMalformed",
    "Error ErrorInvalidIdNotAnItemAttachmentId",
    "Error ErrorItemNotFound",
  ]);
  mailboxOf(lab()).remove(item);
  expect(outcomes(await call(lab(), get([kept])))).toEqual(["Error ErrorItemNotFound"]);
});

test("an attachment's id is no item's id", async () => {
  const { ids } = holding({ kind: "file", name: "a" });
  const received = await call(
    lab(),
    `<m:DeleteItem DeleteType="SoftDelete"><m:ItemIds>${idAlone(ids[0] ?? "")}</m:ItemIds></m:DeleteItem>`,
  );
  expect(outcomes(received)[0]).toMatch(/^Error ErrorInvalidId/);
});

test("an id with RootItemId is refused by the schema", async () => {
  const { item, ids } = holding({ kind: "file", name: "a" });
  const wrong = `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="${ids[0]}" RootItemId="${item.id}"/></m:AttachmentIds></m:GetAttachment>`;
  const received = await call(lab(), wrong);
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorSchemaValidation"]);
});
