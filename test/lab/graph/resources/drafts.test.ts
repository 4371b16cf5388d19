import { expect, test } from "vitest";
import { anna, ben, call, deliver, idOf, mailboxOf, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const messages = `/users/${anna}/messages`;
const to = (...addresses: string[]) => addresses.map((address) => ({ emailAddress: { address } }));
const inboxOf = (lab: Parameters<typeof mailboxOf>[0], address: string) => [...mailboxOf(lab, address).known("inbox").items.values()];

test("a draft that is sent arrives with all of it, and its id that stays names the copy in Sent Items", async () => {
  const lab = await startGraphLab();
  const message = {
    subject: "Notice",
    body: { contentType: "HTML", content: "<p>Take care</p>" },
    toRecipients: to(ben),
    bccRecipients: to(anna),
    importance: "high",
    internetMessageHeaders: [{ name: "X-Case", value: "42\r\nBcc: eve@example.com" }],
  };
  const draft = await call(lab, "POST", messages, message, stays);
  expect([draft.status, draft.at("isDraft"), draft.at("internetMessageId")]).toEqual([201, true, expect.stringMatching(/^<.+@.+>$/)]);
  expect(draft.headers.location).toBe(`${lab.graphUrl}/users('${encodeURIComponent(anna)}')/messages('${draft.at("id")}')`);
  const path = `${messages}/${encodeURIComponent(text(draft.at("id")))}`;
  const file = { "@odata.type": "#microsoft.graph.fileAttachment", name: "a.txt", contentBytes: "eA==" };
  expect((await call(lab, "POST", `${path}/attachments`, file)).status).toBe(201);
  const sent = await call(lab, "POST", `${path}/send`);
  expect([sent.status, sent.bytes.length]).toEqual([202, 0]);
  const copy = await call(lab, "GET", path, undefined, stays);
  expect(copy.at()).toMatchObject({ isDraft: false, id: draft.at("id"), internetMessageId: draft.at("internetMessageId") });
  expect(mailboxOf(lab).known("sentitems").totalCount).toBe(1);
  expect(mailboxOf(lab).known("drafts").totalCount).toBe(0);
  const [got, ...more] = inboxOf(lab, ben);
  expect(more).toEqual([]);
  expect(got).toMatchObject({ subject: "Notice", importance: "High", bcc: [], from: { name: "Anna Example", address: anna } });
  expect(got?.headers.filter(({ name }) => /^(x-case|bcc)$/i.test(name))).toEqual([{ name: "X-Case", value: "42 Bcc: eve@example.com" }]);
  expect(got?.attachments.map(({ name, content }) => [name, Buffer.from(content ?? []).toString()])).toEqual([["a.txt", "x"]]);
  expect(refusal(await call(lab, "POST", `${path}/send`))).toEqual([400, "ErrorInvalidItemForOperationSendItem"]);
  expect(inboxOf(lab, ben)).toHaveLength(1);
});

test("sendMail delivers without returning an id, and keeps a copy unless disabled", async () => {
  const lab = await startGraphLab();
  const message = { subject: "one", body: { contentType: "text", content: "x" }, toRecipients: to(ben) };
  expect((await call(lab, "POST", `/users/${anna}/sendMail`, { message })).status).toBe(202);
  expect((await call(lab, "POST", `/users/${anna}/sendMail`, { Message: message, SaveToSentItems: false })).status).toBe(202);
  expect([inboxOf(lab, ben).length, mailboxOf(lab).known("sentitems").totalCount]).toEqual([2, 1]);
});

test.each([
  [{ message: { toRecipients: [] } }, 400, "ErrorInvalidRecipients"],
  [{ message: { toRecipients: to("no address") } }, 400, "ErrorInvalidRecipients"],
  [{ message: { toRecipients: to(ben), from: to(ben)[0] } }, 403, "ErrorSendAsDenied"],
  [{ message: { toRecipients: to(ben), internetMessageHeaders: [{ name: "Subject", value: "x" }] } }, 400, "InvalidInternetMessageHeader"],
  [{ message: { toRecipients: ben } }, 400, "UnableToDeserializePostBody"],
  [{ mail: {} }, 400, "RequestBodyRead"],
])("sendMail of %j is refused with status %d and code %s, and nothing is sent", async (body, status, code) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "POST", `/users/${anna}/sendMail`, body))).toEqual([status, code]);
  expect(inboxOf(lab, ben)).toEqual([]);
});

test("MIME becomes a draft with its bytes or is sent unchanged, and invalid base64 is refused", async () => {
  const lab = await startGraphLab();
  const mime = `From: <${anna}>\r\nTo: <${ben}>\r\nSubject: as it is\r\nMessage-ID: <m@example.com>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n\r\nx\r\n`;
  const raw = Buffer.from(mime).toString("base64");
  const plain = { raw, headers: { "Content-Type": "text/plain" } };
  const draft = await call(lab, "POST", messages, undefined, plain);
  expect([draft.status, draft.at("isDraft"), draft.at("subject")]).toEqual([201, true, "as it is"]);
  const value = await call(lab, "GET", `${messages}/${encodeURIComponent(text(draft.at("id")))}/$value`);
  expect(value.bytes.toString()).toBe(mime);
  expect((await call(lab, "POST", `/users/${anna}/sendMail`, undefined, plain)).status).toBe(202);
  expect(inboxOf(lab, ben)[0]?.internetMessageId).toBe("<m@example.com>");
  const bad = await call(lab, "POST", messages, undefined, { ...plain, raw: "no base64!" });
  expect(refusal(bad)).toEqual([400, "ErrorMimeContentInvalidBase64String"]);
});

test("flags given at birth make a message that is no draft", async () => {
  const lab = await startGraphLab();
  const properties = [{ id: "Integer 0x0E07", value: "1" }];
  const made = await call(lab, "POST", `/users/${anna}/mailFolders/inbox/messages`, {
    subject: "x",
    singleValueExtendedProperties: properties,
  });
  expect([made.at("isDraft"), made.at("isRead")]).toEqual([false, true]);
});

test("createReply drafts an answer to the sender with the original quoted, which PATCH can change before it is sent", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { subject: "RE: Question", from: ben, text: "What now?\r\n" });
  const draft = await call(lab, "POST", `${messages}/${idOf(item)}/createReply`, { comment: "This <now>" }, stays);
  expect(draft.at()).toMatchObject({ subject: "RE: Question", isDraft: true, toRecipients: [{ emailAddress: { address: ben } }] });
  expect(text(draft.at("body", "content"))).toMatch(/^This <now>[\s\S]*What now\?/);
  const path = `${messages}/${encodeURIComponent(text(draft.at("id")))}`;
  expect((await call(lab, "PATCH", path, { body: { contentType: "text", content: "Changed" } })).status).toBe(200);
  await call(lab, "POST", `${path}/send`);
  expect(inboxOf(lab, ben)[0]).toMatchObject({ text: expect.stringContaining("Changed"), inReplyTo: item.internetMessageId });
});

test("replyAll goes to all but the mailbox itself, forward to the given recipients with attachments, reply to the sender only", async () => {
  const lab = await startGraphLab();
  lab.store.addUser({ address: "carl@example.com" });
  const parts = 'Content-Type: multipart/mixed; boundary="b"\r\n';
  const body = '--b\r\n\r\nhello\r\n--b\r\nContent-Disposition: attachment; filename="f.bin"\r\n\r\nbytes\r\n--b--\r\n';
  const item = deliver(lab, { subject: "All", from: ben, to: `${anna}, carl@example.com`, headers: parts, text: body });
  const path = `${messages}/${idOf(item)}`;
  expect((await call(lab, "POST", `${path}/replyAll`, { comment: "to all" })).status).toBe(202);
  expect([inboxOf(lab, ben).length, inboxOf(lab, "carl@example.com").length, inboxOf(lab, anna).length]).toEqual([1, 1, 1]);
  expect((await call(lab, "POST", `${path}/forward`, { toRecipients: to("carl@example.com"), comment: "see" })).status).toBe(202);
  const [, forwarded] = inboxOf(lab, "carl@example.com");
  expect([forwarded?.subject, forwarded?.attachments.map(({ name }) => name)]).toEqual(["FW: All", ["f.bin"]]);
  expect((await call(lab, "POST", `${path}/reply`, { message: { body: { contentType: "text", content: "mine" } } })).status).toBe(202);
  expect(inboxOf(lab, ben)[1]?.text).toBe("mine");
});

test("a comment and a body cannot be given together", async () => {
  const lab = await startGraphLab();
  const path = `${messages}/${idOf(deliver(lab, { from: ben }))}/reply`;
  const both = { comment: "x", message: { body: { contentType: "text", content: "y" } } };
  expect(refusal(await call(lab, "POST", path, both))).toEqual([400, "ErrorInvalidArgument"]);
});

test("a message has at most five headers of its own, and an attachment no unknown member", async () => {
  const lab = await startGraphLab();
  const internetMessageHeaders = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `X-H${at}`, value: "v" }));
  const create = (message: object) => call(lab, "POST", messages, { subject: "s", ...message });
  expect((await create({ internetMessageHeaders: internetMessageHeaders(5) })).status).toBe(201);
  expect(refusal(await create({ internetMessageHeaders: internetMessageHeaders(6) }))).toEqual([
    400,
    "InvalidInternetMessageHeaderCollection",
  ]);
  const file = { "@odata.type": "#microsoft.graph.fileAttachment", name: "a.txt", contentBytes: "eA==", fileName: "a.txt" };
  expect(refusal(await create({ attachments: [file] }))).toEqual([400, "RequestBodyRead"]);
});
