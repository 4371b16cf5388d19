import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { immutableId, restId } from "../../../../src/lab/graph/ids.ts";
import type { Lab, LabOptions } from "../../../../src/lab/lab.ts";
import { anna, ben, call, deliver, mailboxOf, refusal, startGraphLab, text, token } from "../graph-client.ts";

const granted = ["Mail.ReadWrite", "User.Read.All", "MailboxItem.ImportExport.All"];
const start = (options: LabOptions = {}) => startGraphLab({ ...options, graph: { ...options.graph, tokens: { [token]: granted } } });

const mailboxIdOf = async (lab: Lab, user: string) =>
  text((await call(lab, "GET", `/users/${user}/settings/exchange`)).at("primaryMailboxId"));
const exported = async (lab: Lab, itemIds: readonly string[], user = anna) =>
  call(lab, "POST", `/admin/exchange/mailboxes/${await mailboxIdOf(lab, user)}/exportItems`, { itemIds });
const opened = async (lab: Lab, user = ben) =>
  call(lab, "POST", `/admin/exchange/mailboxes/${await mailboxIdOf(lab, user)}/createImportSession`);

/** One request to an address outside of `/v1.0`. */
function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers: { "Content-Type": "application/json", ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }));
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  });
}

test("an item exported from one mailbox is imported into another without a loss", async () => {
  const lab = await start();
  const item = deliver(lab);
  mailboxOf(lab).update(item, { isRead: true, categories: ["Red"] });
  const reply = await exported(lab, [restId(item.id)]);
  const session = await opened(lab);
  expect(session.status).toBe(200);
  const url = text(session.at("importUrl"));
  expect(url.startsWith(lab.graphUrl)).toBe(false);
  const inbox = mailboxOf(lab, ben).known("inbox");
  const imported = await post(url, { FolderId: restId(inbox.id), Mode: "create", Data: text(reply.at("value", 0, "data")) });
  const [copy] = [...inbox.items.values()];
  expect(copy).toMatchObject({ subject: item.subject, isRead: true, isDraft: false, categories: ["Red"], receivedAt: item.receivedAt });
  expect(imported).toMatchObject({ status: 200, body: { itemId: copy && restId(copy.id), changeKey: copy?.changeKey } });
});

test("each item of an export has its own answer, in the order asked, and 20 is the most", async () => {
  const lab = await start();
  const item = deliver(lab);
  const gone = deliver(lab);
  mailboxOf(lab).remove(gone);
  const { at } = await exported(lab, [restId(gone.id), restId(item.id), "x", immutableId(item)]);
  expect([0, 1, 2, 3].map((index) => at("value", index, "error", "code"))).toEqual([
    "ErrorItemNotFound",
    undefined,
    "ErrorInvalidIdMalformed",
    "ErrorInvalidIdMalformed",
  ]);
  expect(
    refusal(
      await exported(
        lab,
        Array.from({ length: 21 }, () => restId(item.id)),
      ),
    ),
  ).toEqual([400, "ErrorInvalidRequest"]);
});

test("an import accepts only the token of its URL, folders of its mailbox, and exported items", async () => {
  const lab = await start();
  const data = text((await exported(lab, [restId(deliver(lab).id)])).at("value", 0, "data"));
  const url = text((await opened(lab)).at("importUrl"));
  const [own, other] = [mailboxOf(lab, ben), mailboxOf(lab)].map((mailbox) => restId(mailbox.known("inbox").id));
  const body = { FolderId: own, Mode: "create", Data: data };
  const answers = [
    await post(url.replace(/authtoken=.*/, "authtoken=other"), body),
    await post(url, body, { Authorization: `Bearer ${token}` }),
    await post(url, { ...body, FolderId: other }),
    await post(url, { ...body, Mode: "copy" }),
    await post(url, { ...body, ItemId: "x", ChangeKey: "y" }),
    await post(url, { ...body, Data: "AAAA" }),
  ];
  expect(answers.map(({ status, body: said }) => [status, JSON.parse(JSON.stringify(said)).error.code])).toEqual([
    [401, "InvalidAuthenticationToken"],
    [400, "ErrorInvalidRequest"],
    [404, "ErrorItemNotFound"],
    [400, "ErrorInvalidRequest"],
    [400, "ErrorInvalidRequest"],
    [400, "ErrorCorruptData"],
  ]);
  expect(mailboxOf(lab, ben).known("inbox").items.size).toBe(0);
});

test("an update replaces the item that is named with its change key, and no other", async () => {
  const lab = await start();
  const data = text((await exported(lab, [restId(deliver(lab).id)])).at("value", 0, "data"));
  const url = text((await opened(lab)).at("importUrl"));
  const folder = mailboxOf(lab, ben).known("inbox");
  const item = mailboxOf(lab, ben).add(folder, { subject: "before" });
  const body = { FolderId: restId(folder.id), Mode: "update", Data: data, ItemId: restId(item.id) };
  expect(await post(url, { ...body, ChangeKey: "other" })).toMatchObject({ status: 404 });
  expect(item.subject).toBe("before");
  expect(await post(url, { ...body, ChangeKey: item.changeKey })).toMatchObject({ status: 200 });
  expect(item.subject).not.toBe("before");
});

test("a mailbox on premises, a missing one and an archive have no import session", async () => {
  const lab = await start({ onPremises: [ben] });
  expect(refusal(await call(lab, "GET", `/users/${ben}/settings/exchange`))).toEqual([404, "MailboxNotEnabledForRESTAPI"]);
  const made = await mailboxIdOf(lab, anna);
  for (const id of [made.replace(/@.*/, "@other"), made.replace(/^MBX:.{4}/, "MBX:ffff"), "x"]) {
    expect((await call(lab, "POST", `/admin/exchange/mailboxes/${id}/createImportSession`)).status).toBe(404);
  }
});

test("a cloud without export and import knows no such paths", async () => {
  const lab = await start();
  const id = await mailboxIdOf(lab, anna);
  const without = await start({ graph: { importExport: false } });
  expect(refusal(await call(without, "GET", `/users/${anna}/settings/exchange`))).toEqual([400, "BadRequest"]);
  for (const action of ["exportItems", "createImportSession"])
    expect(refusal(await call(without, "POST", `/admin/exchange/mailboxes/${id}/${action}`, {}))).toEqual([400, "BadRequest"]);
});
