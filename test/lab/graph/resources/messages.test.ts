import { expect, test } from "vitest";
import { anna, call, deliver, idOf, mailboxOf, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const messages = `/users/${anna}/messages`;

test("a message has its sender, recipients, text, time and folder", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { subject: "Invoice", headers: "Cc: Ben <ben@example.com>\r\nX-Mark: 7\r\n" });
  const received = await call(lab, "GET", `${messages}/${idOf(item)}`);
  expect(received.at()).toMatchObject({
    subject: "Invoice",
    internetMessageId: "<Invoice@example.org>",
    from: { emailAddress: { name: "Mallory", address: "mallory@example.org" } },
    toRecipients: [{ emailAddress: { address: anna } }],
    ccRecipients: [{ emailAddress: { name: "Ben", address: "ben@example.com" } }],
    sentDateTime: "2026-01-05T10:00:00Z",
    receivedDateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    body: { contentType: "text", content: "Read this.\r\n" },
    bodyPreview: "Read this.",
    isRead: false,
    isDraft: false,
    hasAttachments: false,
    importance: "normal",
    flag: { flagStatus: "notFlagged" },
  });
  expect(received.at("internetMessageHeaders")).toBeUndefined();
  const folder = await call(lab, "GET", `/users/${anna}/mailFolders/${encodeURIComponent(text(received.at("parentFolderId")))}`);
  expect(folder.at("displayName")).toBe("Inbox");
});

test("headers are given when they are selected, in the order of the message", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { headers: "X-Mark: 7\r\nX-Mark: 8\r\n" });
  const received = await call(lab, "GET", `${messages}/${idOf(item)}?$select=internetMessageHeaders`);
  const marks = JSON.stringify(received.at("internetMessageHeaders"));
  expect(marks).toContain('{"name":"X-Mark","value":"7"},{"name":"X-Mark","value":"8"}');
  expect(received.at("subject")).toBeUndefined();
});

test("the body comes as text when that is preferred", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { headers: "Content-Type: text/html\r\n", text: "<p>Hello <b>you</b></p>" });
  const html = await call(lab, "GET", `${messages}/${idOf(item)}`);
  expect(html.at("body")).toEqual({ contentType: "html", content: "<p>Hello <b>you</b></p>" });
  const plain = await call(lab, "GET", `${messages}/${idOf(item)}`, undefined, {
    headers: { Prefer: 'IdType="ImmutableId", outlook.body-content-type="text"' },
  });
  expect([plain.at("body"), text(plain.at("id")).startsWith("AAkALg")]).toEqual([{ contentType: "text", content: "Hello you" }, true]);
});

test("an application with basic read permission gets no body, preview or headers, whatever it selects", async () => {
  const lab = await startGraphLab({ graph: { tokens: { basic: ["Mail.ReadBasic.All"] } } });
  const item = deliver(lab, { subject: "Secret", text: "the secret" });
  const basic = { token: "basic" };
  for (const query of ["", "?$expand=singleValueExtendedProperties($filter=id eq 'String 0x1000')".replaceAll(" ", "%20")]) {
    const received = await call(lab, "GET", `${messages}/${idOf(item)}${query}`, undefined, basic);
    expect([received.at("subject"), received.bytes.includes("the secret")]).toEqual(["Secret", false]);
  }
  const selected = await call(lab, "GET", `${messages}/${idOf(item)}?$select=body,bodyPreview`, undefined, basic);
  expect(selected.bytes.includes("the secret")).toBe(false);
});

test("the MIME of a message has the received bytes", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { headers: "X-Odd:  two  blanks \r\n", text: "last line without end" });
  const received = await call(lab, "GET", `${messages}/${idOf(item)}/$value`);
  expect([received.headers["content-type"], received.bytes]).toEqual(["text/plain", Buffer.from(item.mime ?? [])]);
});

test("the list of a mailbox has its deleted messages, newest first, without contacts and Recoverable Items", async () => {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  for (const subject of ["kept", "deleted", "purged", "recoverable"]) deliver(lab, { subject });
  const moved = { deleted: "deleteditems", purged: "recoverableitemspurges", recoverable: "recoverableitemsdeletions" };
  for (const item of [...mailbox.items()])
    for (const [subject, folder] of Object.entries(moved)) if (item.subject === subject) mailbox.move(item, mailbox.known(folder));
  mailbox.add(mailbox.known("contacts"), { itemClass: "IPM.Contact", subject: "someone" });
  deliver(lab, { subject: "newest" });
  const subjects = async (path: string) => {
    const value = (await call(lab, "GET", `/users/${anna}/${path}?$select=subject`)).at("value");
    return Array.isArray(value) ? value.map((one: { readonly subject: unknown }) => one.subject) : value;
  };
  expect(await subjects("messages")).toEqual(["newest", "deleted", "kept"]);
  expect(await subjects("mailFolders/recoverableitemsdeletions/messages")).toEqual(["recoverable"]);
  expect(await subjects("mailFolders('deleteditems')/messages")).toEqual(["deleted"]);
});

test("a search returns default ids even if immutable ones are preferred", async () => {
  const lab = await startGraphLab();
  deliver(lab, { subject: "needle" });
  const received = await call(lab, "GET", `${messages}?$search=%22needle%22`, undefined, stays);
  expect(text(received.at("value", 0, "id")).startsWith("AAMk")).toBe(true);
});

test("an id that stays names the message wherever it is moved; the other one dies", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const id = encodeURIComponent(text((await call(lab, "GET", `${messages}/${idOf(item)}`, undefined, stays)).at("id")));
  mailboxOf(lab).move(item, mailboxOf(lab).known("archive"));
  expect((await call(lab, "GET", `${messages}/${id}`)).status).toBe(200);
  expect(refusal(await call(lab, "GET", `${messages}/${idOf(item)}`))).toEqual([404, "ErrorItemNotFound"]);
});

test("an id as EWS writes it, with a slash or a plus, is malformed for Graph", async () => {
  const lab = await startGraphLab();
  const ids = Array.from({ length: 80 }, () => deliver(lab).id);
  const odd = ids.find((id) => /[/+]/.test(id));
  if (odd === undefined) throw new Error("No id of the lab has such a character.");
  expect(refusal(await call(lab, "GET", `${messages}/${encodeURIComponent(odd)}`))).toEqual([400, "ErrorInvalidIdMalformed"]);
  expect((await call(lab, "GET", `${messages}/${idOf({ id: odd })}`)).status).toBe(200);
});

test.each([
  ["messages", 2],
  ["messages/$count?$filter=isRead eq true", 1],
  ["mailFolders/inbox/messages", 2],
  ["mailFolders/inbox/childFolders", 1],
  ["contacts", 0],
])("the number of %s is text: %i", async (path, expected) => {
  const lab = await startGraphLab();
  deliver(lab, { subject: "one" });
  mailboxOf(lab).update(deliver(lab, { subject: "two" }), { isRead: true });
  mailboxOf(lab).createFolder(mailboxOf(lab).known("inbox"), "Case");
  const whole = path.includes("$count") ? path : `${path}/$count`;
  const received = await call(lab, "GET", encodeURI(`/users/${anna}/${whole}`));
  expect([received.headers["content-type"], received.bytes.toString("utf8")]).toEqual(["text/plain", String(expected)]);
});
