import { expect, test } from "vitest";
import {
  distinguished,
  fields,
  findItem,
  folderOf,
  items,
  itemsIn,
  labForEach,
  mailboxOf,
  messages,
  names,
  onlyItem,
  shape,
  subjects,
} from "../item-calls.ts";
import { ben, call, faultCode, outcomes } from "../soap-client.ts";

const lab = labForEach();
const view = (max: number, offset: number, base = "Beginning"): string =>
  `<m:IndexedPageItemView MaxEntriesReturned="${max}" Offset="${offset}" BasePoint="${base}"/>`;
const bySubject = (order: string): string =>
  `<m:SortOrder><t:FieldOrder Order="${order}"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`;
const named = shape("IdOnly", fields("item:Subject"));
const isEqual = (uri: string, value: string): string =>
  `<t:IsEqualTo><t:FieldURI FieldURI="${uri}"/><t:FieldURIOrConstant><t:Constant Value="${value}"/></t:FieldURIOrConstant></t:IsEqualTo>`;

function fill(...subjectsOfMails: readonly string[]): void {
  for (const subject of subjectsOfMails) mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject });
}

const page = (received: Awaited<ReturnType<typeof call>>) =>
  Object.fromEntries(messages(received)[0]?.child("RootFolder")?.attributes ?? []);

test("several folders get one response message each, in order, even if one of them is missing", async () => {
  fill("one");
  const gone = mailboxOf(lab()).createFolder(folderOf(lab(), "inbox"), "gone");
  mailboxOf(lab()).removeFolder(gone);
  const folders = `${distinguished("inbox")}<t:FolderId Id="${gone.id}"/>${distinguished("drafts")}`;
  const received = await call(lab(), findItem({ folders }));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorItemNotFound", "Success NoError"]);
  expect(items(received)).toHaveLength(1);
});

test("a folder of a mailbox that granted no rights is not found", async () => {
  const foreign = folderOf(lab(), "inbox", ben);
  expect(outcomes(await call(lab(), findItem({ folders: `<t:FolderId Id="${foreign.id}"/>` })))).toEqual(["Error ErrorItemNotFound"]);
});

test("pages follow one another by IndexedPagingOffset until the last item is included", async () => {
  fill("a", "b", "c", "d", "e");
  const seen: unknown[] = [];
  for (let offset = 0, last = false; !last; ) {
    const received = await call(lab(), findItem({ shape: named, view: view(2, offset), sort: bySubject("Ascending") }));
    const { IndexedPagingOffset, IncludesLastItemInRange, TotalItemsInView } = page(received);
    expect(TotalItemsInView).toBe("5");
    seen.push(...subjects(received));
    last = IncludesLastItemInRange === "true";
    offset = Number(IndexedPagingOffset);
  }
  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
});

test("a page from the end holds the last items", async () => {
  fill("a", "b", "c");
  const received = await call(lab(), findItem({ shape: named, view: view(2, 0, "End"), sort: bySubject("Ascending") }));
  expect(subjects(received)).toEqual(["b", "c"]);
  expect(page(received)).toMatchObject({ IndexedPagingOffset: "2", IncludesLastItemInRange: "false" });
});

test("an offset beyond the end gives an empty last page", async () => {
  fill("a");
  expect(page(await call(lab(), findItem({ view: view(10, 7) })))).toMatchObject({
    TotalItemsInView: "1",
    IncludesLastItemInRange: "true",
  });
});

test("half a view is where a fraction of one half begins", async () => {
  fill("a", "b", "c", "d");
  const half = `<m:FractionalPageItemView MaxEntriesReturned="10" Numerator="1" Denominator="2"/>`;
  const received = await call(lab(), findItem({ shape: named, view: half, sort: bySubject("Ascending") }));
  expect(subjects(received)).toEqual(["c", "d"]);
  expect(page(received)).toMatchObject({ NumeratorOffset: "4", AbsoluteDenominator: "4" });
});

test.each([
  [view(0, 0), "ErrorInvalidPagingMaxRows"],
  [view(1, -1), "ErrorInvalidIndexedPagingParameters"],
  [`<m:FractionalPageItemView Numerator="2" Denominator="1"/>`, "ErrorInvalidFractionalPagingParameters"],
])("the view %s is refused", async (wrong, code) => {
  expect(outcomes(await call(lab(), findItem({ view: wrong })))).toEqual([`Error ${code}`]);
});

test("a page holds 1000 items at most, and 250 when the view is restricted or queried, however many were asked", async () => {
  fill(...Array.from({ length: 1001 }, (_, at) => `mail ${at}`));
  const all = await call(lab(), findItem({ view: view(5000, 0) }));
  expect([items(all).length, page(all).IncludesLastItemInRange, page(all).IndexedPagingOffset]).toEqual([1000, "false", "1000"]);
  const filter = `<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>`;
  const restricted = await call(lab(), findItem({ view: view(1000, 0), filter }));
  expect([items(restricted).length, page(restricted).IncludesLastItemInRange]).toEqual([250, "false"]);
  const rest = await call(lab(), findItem({ view: view(1000, 1000), filter }));
  expect([items(rest).length, page(rest).IncludesLastItemInRange]).toEqual([1, "true"]);
  expect(items(await call(lab(), findItem({ view: view(1000, 0), query: "mail" })))).toHaveLength(250);
});

test("text is cut at 255 characters", async () => {
  const long = "x".repeat(300);
  const extended = `<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="Note" PropertyType="String"/>`;
  mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    subject: long,
    internetMessageId: `<${long}@example.org>`,
    extended: new Map([["c11ff724-aa03-4555-9952-8fa248a11c3e/Note", long]]),
  });
  const item = onlyItem(
    await call(lab(), findItem({ shape: shape("IdOnly", fields("item:Subject", "message:InternetMessageId", extended)) })),
  );
  expect(item.textAt("Subject")).toHaveLength(255);
  expect(item.textAt("InternetMessageId")).toHaveLength(255);
  expect(item.textAt("ExtendedProperty", "Value")).toHaveLength(255);
});

test("no shape brings bodies, recipients, headers or attachments", async () => {
  mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    subject: "full",
    to: [{ address: ben }],
    body: { type: "Text", value: "text" },
    headers: [{ name: "X-A", value: "b" }],
    attachments: [{ kind: "file", name: "a", content: Buffer.from("a") }],
  });
  const found = names(onlyItem(await call(lab(), findItem({ shape: shape("AllProperties") }))));
  expect(found).toEqual(expect.arrayContaining(["Subject", "DisplayTo", "HasAttachments", "IsRead"]));
  for (const name of ["Body", "ToRecipients", "InternetMessageHeaders", "Attachments", "MimeContent", "ResponseObjects"])
    expect(found).not.toContain(name);
});

test.each([
  ...["item:Body", "item:MimeContent", "item:Attachments", "item:UniqueBody", "item:TextBody", "item:InternetMessageHeaders"],
  ...["message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo"],
])("%s asked by name is refused, and the reply names it", async (uri) => {
  const received = await call(lab(), findItem({ shape: shape("IdOnly", fields(uri)) }));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidPropertyForOperation"]);
  expect(messages(received)[0]?.at("MessageXml", "FieldURI")?.attributes.get("FieldURI")).toBe(uri);
});

test("MIME is refused", async () => {
  const received = await call(lab(), findItem({ shape: shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>") }));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidPropertyForOperation"]);
});

test("items are sorted by the requested fields, newest first by default", async () => {
  const inbox = folderOf(lab(), "inbox");
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
  mailboxOf(lab()).add(inbox, { subject: "b", importance: "Low", receivedAt: at(1) });
  mailboxOf(lab()).add(inbox, { subject: "a", importance: "High", receivedAt: at(3) });
  mailboxOf(lab()).add(inbox, { subject: "c", importance: "High", receivedAt: at(2) });
  const order = (...by: readonly (readonly [string, string])[]): string =>
    `<m:SortOrder>${by.map(([uri, way]) => `<t:FieldOrder Order="${way}"><t:FieldURI FieldURI="${uri}"/></t:FieldOrder>`).join("")}</m:SortOrder>`;
  const sorted = async (sort?: string) => subjects(await call(lab(), findItem({ shape: named, ...(sort === undefined ? {} : { sort }) })));
  expect(await sorted()).toEqual(["a", "c", "b"]);
  expect(await sorted(order(["item:DateTimeReceived", "Ascending"]))).toEqual(["b", "c", "a"]);
  expect(await sorted(order(["item:Importance", "Descending"], ["item:Subject", "Descending"]))).toEqual(["c", "a", "b"]);
});

test("sorting by a property that is not in the table is refused", async () => {
  const sort = `<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="message:ToRecipients"/></t:FieldOrder></m:SortOrder>`;
  expect(outcomes(await call(lab(), findItem({ sort })))).toEqual(["Error ErrorUnsupportedPathForSortGroup"]);
});

test("a restriction and a query string together are refused", async () => {
  const received = await call(lab(), findItem({ filter: isEqual("item:Subject", "a"), query: "a" }));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidArgument"]);
});

test("soft-deleted items are found in the Recoverable Items, and the SoftDeleted traversal with a restriction finds nothing", async () => {
  const mailbox = mailboxOf(lab());
  const item = mailbox.add(folderOf(lab(), "inbox"), { subject: "bye" });
  mailbox.move(item, folderOf(lab(), "recoverableitemsdeletions"));
  const count = async (parts: Parameters<typeof findItem>[0]) => items(await call(lab(), findItem(parts))).length;
  expect(await count({ traversal: "SoftDeleted" })).toBe(1);
  expect(await count({ traversal: "SoftDeleted", filter: isEqual("item:Subject", "bye") })).toBe(0);
  expect(await count({ folders: distinguished("recoverableitemsdeletions"), filter: isEqual("item:Subject", "bye") })).toBe(1);
});

test("messages are not among the associated items of a folder", async () => {
  fill("a");
  expect(items(await call(lab(), findItem({ traversal: "Associated" })))).toHaveLength(0);
  expect(itemsIn(lab(), "inbox")).toHaveLength(1);
});

test("grouping is refused with a fault that names it", async () => {
  const view_ = `<m:DistinguishedGroupBy Order="Ascending"><t:StandardGroupBy>ConversationTopic</t:StandardGroupBy></m:DistinguishedGroupBy>`;
  const received = await call(lab(), findItem({ view: view_ }));
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorInvalidRequest"]);
});

test("a query string finds words of subject and text, and a restriction finds a Message-ID by its tag", async () => {
  mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject: "Invoice due", internetMessageId: "<1@example.org>" });
  mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject: "Lunch", body: { type: "Text", value: "the invoice is paid" } });
  expect(subjects(await call(lab(), findItem({ shape: named, query: "invoic subject:due" })))).toEqual(["Invoice due"]);
  const byTag = `<t:IsEqualTo><t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/><t:FieldURIOrConstant><t:Constant Value="&lt;1@example.org&gt;"/></t:FieldURIOrConstant></t:IsEqualTo>`;
  expect(subjects(await call(lab(), findItem({ shape: named, filter: byTag })))).toEqual(["Invoice due"]);
});
