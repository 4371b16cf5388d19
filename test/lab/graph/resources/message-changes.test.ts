import { expect, test } from "vitest";
import { anna, call, deliver, idOf, mailboxOf, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const messages = `/users/${anna}/messages`;

async function stay(lab: Parameters<typeof call>[0], item: { readonly id: string }): Promise<string> {
  return encodeURIComponent(text((await call(lab, "GET", `${messages}/${idOf(item)}`, undefined, stays)).at("id")));
}

test("a copy is another message with an id of its own; the original stays", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const received = await call(lab, "POST", `${messages}/${idOf(item)}/copy`, { destinationId: "archive" }, stays);
  expect(received.status).toBe(201);
  expect(received.at("id")).not.toBe(decodeURIComponent(await stay(lab, item)));
  expect(mailboxOf(lab).known("archive").totalCount).toBe(1);
  expect(mailboxOf(lab).item(item.id)).toBeDefined();
});

test("moving keeps the id that stays, and mints a new one of the default form", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const id = await stay(lab, item);
  const moved = await call(lab, "POST", `${messages}/${id}/microsoft.graph.move`, { DestinationId: "junkemail" }, stays);
  expect([moved.status, moved.at("id")]).toEqual([201, decodeURIComponent(id)]);
  const plain = await call(lab, "POST", `${messages}/${id}/move`, { destinationId: "inbox" });
  expect(plain.at("id")).not.toBe(decodeURIComponent(idOf(item)));
  expect(mailboxOf(lab).item(item.id)).toBeUndefined();
});

test.each([
  [{ destinationFolder: "junkemail" }, 400, "RequestBodyRead"],
  [{}, 400, "ErrorInvalidParameter"],
  [{ destinationId: "clutter" }, 404, "ErrorItemNotFound"],
  [{ destinationId: "recoverableitemspurges" }, 400, "ErrorInvalidIdMalformed"],
])("moving by %j is refused with status %d and code %s, and nothing moves", async (body, status, code) => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  expect(refusal(await call(lab, "POST", `${messages}/${idOf(item)}/move`, body))).toEqual([status, code]);
  expect(mailboxOf(lab).item(item.id)).toBeDefined();
});

test("a folder of another mailbox is not found", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const destinationId = decodeURIComponent(idOf(mailboxOf(lab, "ben@example.com").known("inbox")));
  const moved = await call(lab, "POST", `${messages}/${idOf(item)}/move`, { destinationId });
  expect(refusal(moved)).toEqual([404, "ErrorItemNotFound"]);
});

test("DELETE goes to Deleted Items, then to the recoverable items, and from there no further", async () => {
  const lab = await startGraphLab();
  const id = await stay(lab, deliver(lab));
  const counts = () => ["deleteditems", "recoverableitemsdeletions"].map((name) => mailboxOf(lab).known(name).totalCount);
  expect([(await call(lab, "DELETE", `${messages}/${id}`)).status, counts()]).toEqual([204, [1, 0]]);
  expect([(await call(lab, "DELETE", `${messages}/${id}`)).status, counts()]).toEqual([204, [0, 1]]);
  expect(refusal(await call(lab, "DELETE", `${messages}/${id}`))).toEqual([403, "ErrorCannotDeleteObject"]);
  expect((await call(lab, "GET", `${messages}/${id}`)).status).toBe(200);
});

test("in a lab with the other behaviour DELETE moves directly to the Recoverable Items", async () => {
  const lab = await startGraphLab({ graph: { deletesTo: "recoverableitemsdeletions" } });
  await call(lab, "DELETE", `${messages}/${idOf(deliver(lab))}`);
  expect(mailboxOf(lab).known("recoverableitemsdeletions").totalCount).toBe(1);
});

test("after permanentDelete nothing finds the message, and DELETE by the id that stays is 403, not 404", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const id = await stay(lab, item);
  expect((await call(lab, "POST", `${messages}/${id}/permanentDelete`)).status).toBe(204);
  expect(refusal(await call(lab, "GET", `${messages}/${id}`))).toEqual([404, "ErrorItemNotFound"]);
  expect(refusal(await call(lab, "POST", `${messages}/${id}/permanentDelete`))).toEqual([404, "ErrorItemNotFound"]);
  expect(refusal(await call(lab, "DELETE", `${messages}/${idOf(item)}`))).toEqual([404, "ErrorItemNotFound"]);
  expect(refusal(await call(lab, "DELETE", `${messages}/${id}`))).toEqual([403, "ErrorCannotDeleteObject"]);
});

test("a cloud without permanentDelete, or without moves to the Recoverable Items, refuses the request and changes nothing", async () => {
  const lab = await startGraphLab({ graph: { permanentDelete: false, movesToRecoverable: false } });
  const path = `${messages}/${idOf(deliver(lab))}`;
  expect(refusal(await call(lab, "POST", `${path}/permanentDelete`))).toEqual([400, "BadRequest"]);
  const moved = await call(lab, "POST", `${path}/move`, { destinationId: "recoverableitemsdeletions" });
  expect(refusal(moved)).toEqual([400, "ErrorMoveCopyFailed"]);
  expect((await call(lab, "GET", path)).status).toBe(200);
});

test("PATCH changes the given properties and leaves the rest", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { subject: "before" });
  const received = await call(lab, "PATCH", `${messages}/${idOf(item)}`, {
    isRead: true,
    categories: ["Seen"],
    flag: { flagStatus: "flagged" },
    singleValueExtendedProperties: [{ id: "String {00020329-0000-0000-c000-000000000046} Name Mark", value: "one" }],
  });
  expect(received.at()).toMatchObject({ isRead: true, categories: ["Seen"], flag: { flagStatus: "flagged" }, subject: "before" });
  expect(item.extended.get("PublicStrings/Mark")).toBe("one");
  expect(item.mime).toBeDefined();
});

test.each([
  [{ isRead: "yes" }, "UnableToDeserializePostBody"],
  [{ importance: "urgent" }, "UnableToDeserializePostBody"],
  [{ subjekt: "new" }, "RequestBodyRead"],
])("PATCH with %j is refused with code %s", async (change, code) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "PATCH", `${messages}/${idOf(deliver(lab))}`, change))).toEqual([400, code]);
});

test("where received messages are protected, the subject needs the advanced permission and the read state does not", async () => {
  const advanced = ["Mail.ReadWrite", "Mail-Advanced.ReadWrite.All"];
  const lab = await startGraphLab({ graph: { guards: ["properties", "attachments"], tokens: { advanced } } });
  const path = `${messages}/${idOf(deliver(lab))}`;
  expect(refusal(await call(lab, "PATCH", path, { subject: "new" }))).toEqual([403, "ErrorAccessDenied"]);
  expect((await call(lab, "PATCH", path, { isRead: true })).status).toBe(200);
  expect((await call(lab, "PATCH", path, { subject: "new" }, { token: "advanced" })).at("subject")).toBe("new");
});

test.each([
  ["PATCH", { isRead: true }],
  ["DELETE", undefined],
])("%s with If-Match is done only to the state that it names", async (method, body) => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const path = `${messages}/${idOf(item)}`;
  const etag = text((await call(lab, "GET", path)).at("@odata.etag"));
  mailboxOf(lab).update(item, { categories: ["theirs"] });
  const stale = await call(lab, method, path, body, { headers: { "If-Match": etag } });
  expect(refusal(stale)).toEqual([412, "ErrorIrresolvableConflict"]);
  expect([item.isRead, mailboxOf(lab).item(item.id)]).toEqual([false, item]);
  const now = text((await call(lab, "GET", path)).at("@odata.etag"));
  expect((await call(lab, method, path, body, { headers: { "If-Match": now } })).status).toBe(body === undefined ? 204 : 200);
});

test.each([
  ["POST", "/permanentDelete"],
  ["POST", "/send"],
])("%s …%s with a parameter that it does not have is refused, and nothing is done", async (method, action) => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  expect(refusal(await call(lab, method, `/users/${anna}/messages/${idOf(item)}${action}`, { colour: "red" }))).toEqual([
    400,
    "RequestBodyRead",
  ]);
  expect(mailboxOf(lab).item(item.id)).toBe(item);
});

test("the flag is also written by its property of MAPI, which is not kept beside it", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const body = { singleValueExtendedProperties: [{ id: "Integer 0x1090", value: "2" }] };
  expect((await call(lab, "PATCH", `/users/${anna}/messages/${idOf(item)}`, body)).at("flag", "flagStatus")).toBe("flagged");
  expect(item.extended.has("0x1090")).toBe(false);
});
