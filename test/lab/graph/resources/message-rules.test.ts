import { expect, test } from "vitest";
import { anna, call, idOf, mailboxOf, refusal, startGraphLab, text } from "../graph-client.ts";

const rules = `/users/${anna}/mailFolders/inbox/messageRules`;
const wanted = {
  displayName: "Invoices",
  sequence: 2,
  isEnabled: true,
  conditions: {
    subjectContains: ["invoice"],
    importance: "high",
    messageActionFlag: "followUp",
    fromAddresses: [{ emailAddress: { name: "Eve", address: "eve@example.org" } }],
    withinSizeRange: { minimumSize: 1, maximumSize: 9 },
  },
  actions: { markAsRead: true, forwardTo: [{ emailAddress: { name: "SOC", address: "soc@example.com" } }], stopProcessingRules: true },
};

test("a rule is made, read, listed in its order, changed in part and deleted", async () => {
  const lab = await startGraphLab();
  const made = await call(lab, "POST", rules, wanted);
  expect([made.status, made.at()]).toEqual([201, expect.objectContaining({ ...wanted, exceptions: null, hasError: false })]);
  const path = `${rules}/${encodeURIComponent(text(made.at("id")))}`;
  expect((await call(lab, "GET", path)).at("displayName")).toBe("Invoices");
  await call(lab, "POST", rules, { ...wanted, displayName: "First", sequence: 1 });
  expect([
    (await call(lab, "GET", rules)).at("value", 0, "displayName"),
    (await call(lab, "GET", rules)).at("value", 1, "displayName"),
  ]).toEqual(["First", "Invoices"]);
  const changed = await call(lab, "PATCH", path, { isEnabled: false, actions: { delete: true } });
  expect(changed.at()).toMatchObject({ isEnabled: false, actions: { delete: true }, conditions: wanted.conditions });
  expect((await call(lab, "DELETE", path)).status).toBe(204);
  expect(refusal(await call(lab, "GET", path))).toEqual([404, "ErrorItemNotFound"]);
});

test("a folder of a rule is the one with its id, and one that is not there is refused", async () => {
  const lab = await startGraphLab();
  const folder = mailboxOf(lab).createFolder(mailboxOf(lab).known("inbox"), "Cases");
  const id = decodeURIComponent(idOf(folder));
  const made = await call(lab, "POST", rules, { displayName: "x", actions: { moveToFolder: id } });
  expect(made.at("actions", "moveToFolder")).toBe(id);
  mailboxOf(lab).removeFolder(folder);
  const late = await call(lab, "POST", rules, { displayName: "x", actions: { copyToFolder: id } });
  expect(refusal(late)).toEqual([404, "ErrorItemNotFound"]);
});

test.each([
  ["a condition that there is not", { ...wanted, conditions: { colour: "red" } }, "RequestBodyRead"],
  ["a member that there is not", { ...wanted, colour: "red" }, "RequestBodyRead"],
  ["no action", { ...wanted, actions: {} }, "ErrorInvalidArgument"],
  ["no name", { ...wanted, displayName: " " }, "ErrorInvalidArgument"],
  ["a sequence of 0", { ...wanted, sequence: 0 }, "UnableToDeserializePostBody"],
  ["a word that there is not", { ...wanted, conditions: { importance: "huge" } }, "UnableToDeserializePostBody"],
])("a rule with %s is refused", async (_, body, code) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "POST", rules, body))).toEqual([400, code]);
  expect(mailboxOf(lab).rules.all()).toEqual([]);
});

test("only the Inbox has rules", async () => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "GET", rules.replace("inbox", "drafts")))).toEqual([400, "ErrorInvalidRequest"]);
});
