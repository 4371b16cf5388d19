import { expect, test } from "vitest";
import { delivered, folderOf, getItem, itemId, labForEach, mailboxOf, messages, onlyItem, shape } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const remove = (...ids: readonly string[]): string =>
  `<m:DeleteAttachment><m:AttachmentIds>${ids.map((id) => `<t:AttachmentId Id="${id}"/>`).join("")}</m:AttachmentIds></m:DeleteAttachment>`;

test("each deletion gives the item's id and its new change key; the second of the same is an invalid id", async () => {
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    attachments: [
      { kind: "file", name: "a" },
      { kind: "file", name: "b" },
    ],
  });
  const before = item.changeKey;
  const [a = "", b = ""] = item.attachments.map(({ id }) => id);
  const received = await call(lab(), remove(a, b, a));
  expect(outcomes(received)).toEqual(["Success NoError", "Success NoError", "Error ErrorInvalidAttachmentId"]);
  const roots = messages(received).map((message) => message.child("RootItemId")?.attributes);
  expect([roots[0]?.get("RootItemId"), roots[1]?.get("RootItemChangeKey")]).toEqual([item.id, item.changeKey]);
  expect([item.attachments.length, item.hasAttachments, item.changeKey === before]).toEqual([0, false, false]);
});

test("the MIME of the message has lost only the deleted attachment", async () => {
  const part = (name: string, content: string): string =>
    `--b\nContent-Type: text/plain; name=${name}\nContent-Disposition: attachment; filename=${name}\n\n${content}\n`;
  const item = delivered(
    lab(),
    `Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${part("bad.txt", "payload")}${part("good.txt", "harmless")}--b--\n`,
  );
  const bad = item.attachments.find(({ name }) => name === "bad.txt")?.id ?? "";
  await call(lab(), remove(bad));
  const received = await call(lab(), getItem(itemId(item), shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>")));
  const mime = Buffer.from(onlyItem(received).textAt("MimeContent") ?? "", "base64").toString();
  const encoded = (content: string): RegExp => new RegExp(`${content}|${Buffer.from(content).toString("base64").slice(0, -2)}`);
  expect(mime).toMatch(encoded("harmless"));
  expect(mime).not.toMatch(encoded("payload"));
});
