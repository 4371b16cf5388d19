import { expect, test } from "vitest";
import type { LabAttachment } from "../../../../src/lab/store/item.ts";
import { folderOf, itemId, itemsIn, labForEach, mailboxOf, messages } from "../item-calls.ts";
import { ben, call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const attach = (parent: string, attachments: string): string =>
  `<m:CreateAttachment>${parent}<m:Attachments>${attachments}</m:Attachments></m:CreateAttachment>`;
const file = (name: string, content = "YWJj", more = ""): string =>
  `<t:FileAttachment><t:Name>${name}</t:Name>${more}<t:Content>${content}</t:Content></t:FileAttachment>`;
const inner = (content: string, name = "inner"): string => `<t:ItemAttachment><t:Name>${name}</t:Name>${content}</t:ItemAttachment>`;
const draft = () => mailboxOf(lab()).add(folderOf(lab(), "drafts"), { subject: "draft", isDraft: true, to: [{ address: ben }] });
const parentOf = (item: { id: string; changeKey: string }): string => itemId(item, "m:ParentItemId");

test("each attachment gets an id, the item's id and the item's new change key", async () => {
  const item = draft();
  const before = item.changeKey;
  const received = await call(lab(), attach(parentOf(item), file("a.txt") + file("b.txt", "")));
  expect(outcomes(received)).toEqual(["Success NoError", "Success NoError"]);
  const ids = messages(received).map((message) => message.at("Attachments", "FileAttachment", "AttachmentId")?.attributes);
  expect(ids.map((id) => id?.get("Id"))).toEqual(item.attachments.map(({ id }) => id));
  expect(ids[1]?.get("RootItemId")).toBe(item.id);
  expect(ids[1]?.get("RootItemChangeKey")).toBe(item.changeKey);
  expect(item.changeKey).not.toBe(before);
  expect(item.attachments.map(({ content }) => Buffer.from(content ?? []).toString())).toEqual(["abc", ""]);
});

test("a message with inline and attached parts is sent with all of them", async () => {
  const item = draft();
  const inline = file(
    "logo.png",
    "iVBORw0KGgo=",
    "<t:ContentType>image/png</t:ContentType><t:ContentId>logo</t:ContentId><t:IsInline>true</t:IsInline>",
  );
  const message = `<t:Message><t:Subject>inside</t:Subject><t:Body BodyType="Text">inner text</t:Body></t:Message>`;
  await call(lab(), attach(parentOf(item), file("a.bin", "AAECAw==") + inline + inner(message)));
  await call(lab(), `<m:SendItem SaveItemToFolder="false"><m:ItemIds>${itemId(item)}</m:ItemIds></m:SendItem>`);
  const got = itemsIn(lab(), "inbox", ben)[0]?.attachments ?? [];
  const told = (one: LabAttachment) => [
    one.kind,
    one.name,
    one.isInline,
    one.item?.subject ?? Buffer.from(one.content ?? []).toString("base64"),
  ];
  expect(new Set(got.map(told))).toEqual(
    new Set([
      ["file", "a.bin", false, "AAECAw=="],
      ["file", "logo.png", true, "iVBORw0KGgo="],
      ["item", "inner", false, "inside"],
    ]),
  );
});

test.each([
  ["an item attachment without an item", inner(""), "ErrorMissingItemForCreateItemAttachment"],
  ["a meeting message", inner("<t:MeetingRequest/>"), "ErrorInvalidItemForOperationCreateItemAttachment"],
  ["a file without a name", "<t:FileAttachment><t:Content>YWJj</t:Content></t:FileAttachment>", "ErrorRequiredPropertyMissing"],
  ["a file without content", "<t:FileAttachment><t:Name>a</t:Name></t:FileAttachment>", "ErrorRequiredPropertyMissing"],
])("%s is refused and leaves the others", async (_, wrong, code) => {
  const item = draft();
  const received = await call(lab(), attach(parentOf(item), file("a") + wrong + file("b")));
  expect(outcomes(received)).toEqual(["Success NoError", `Error ${code}`, "Success NoError"]);
  expect(item.attachments.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("attachments are nested ten deep and no deeper", async () => {
  const nested = (levels: number): string =>
    levels === 0
      ? "<t:Message><t:Subject>core</t:Subject></t:Message>"
      : `<t:Message><t:Attachments>${inner(nested(levels - 1))}</t:Attachments></t:Message>`;
  const item = draft();
  const received = await call(lab(), attach(parentOf(item), inner(nested(9)) + inner(nested(10))));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorAttachmentNestLevelLimitExceeded"]);
  expect(item.attachments).toHaveLength(1);
});

test("nothing is attached to a deleted item", async () => {
  const item = draft();
  const parent = parentOf(item);
  mailboxOf(lab()).remove(item);
  expect(outcomes(await call(lab(), attach(parent, file("a"))))).toEqual(["Error ErrorItemNotFound"]);
});
