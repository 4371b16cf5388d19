import { expect, test } from "vitest";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import type { MessageName } from "../../../src/exchange/message.ts";
import { isAbsent } from "../../../src/exchange/search/absence.ts";
import { locate } from "../../../src/graph/search/locate-messages.ts";
import { translatedIds } from "../../../src/graph/session/ews-ids.ts";
import { all, have } from "../../exchange/contract-stage.ts";
import { labMailbox } from "../lab-mailbox.ts";
import { scripted } from "../scripted.ts";
import { onStage } from "../stage.ts";

// An id that one back end gave is good for the other, where it can be translated; where it cannot, it is said why.

const ann = "ann@example.com";

async function located(exchange: Exchange, names: readonly MessageName[]) {
  const found = [];
  for await (const outcome of exchange.mailbox(ann).locate(names)) {
    if (!outcome.ok) found.push({ code: outcome.failure.code, message: outcome.failure.message });
    else found.push(isAbsent(outcome.value) ? outcome.value : outcome.value.messages.map(({ subject }) => subject));
  }
  return found;
}

/** A stage with many messages, and of these the ids of EWS that Graph writes otherwise. */
async function withIds(options: Parameters<typeof onStage>[0] = {}) {
  const stage = await onStage(options);
  const inbox = stage.ann.known("inbox");
  // The lab counts: of 64 ids in a row one ends in + and one in /.
  const items = Array.from({ length: 64 }, (_, index) =>
    stage.ann.add(inbox, { subject: `Message ${index}`, internetMessageId: `<crossing-${index}@example.net>` }),
  );
  const ofEws = items.filter(({ id }) => /[/+]/.test(id));
  const [first] = ofEws;
  if (first === undefined) throw new Error("No id of the lab has a / or +.");
  return { ...stage, ofEws, first };
}

/** What was asked of translateExchangeIds, and how often. */
const translations = ({ requests }: { requests: readonly { operation: string | undefined }[] }) =>
  requests.filter(({ operation }) => operation === "user-translateexchangeids").length;

test("EWS ids are translated in one request, each selects its own message, and the result has the immutable id", async () => {
  const { lab, graph, ofEws } = await withIds();
  const names = ofEws.map(({ id }) => ({ itemId: id }));
  expect(await located(graph(), names)).toEqual(ofEws.map(({ subject }) => [subject]));
  expect(translations(lab)).toBe(1);
  const [found] = await all(graph().mailbox(ann).locate(names.slice(0, 1)));
  expect(have(found)).toMatchObject({ messages: [{ itemId: expect.stringMatching(/^AAkALg/) }] });
});

test("ids that are equal in both forms need no translation", async () => {
  const { lab, graph, ann: mailbox } = await withIds();
  const alike = [...mailbox.known("inbox").items.values()].filter(({ id }) => !/[/+]/.test(id));
  expect(
    await located(
      graph(),
      alike.map(({ id }) => ({ itemId: id })),
    ),
  ).toEqual(alike.map(({ subject }) => [subject]));
  expect(translations(lab)).toBe(0);
});

test("ids that may not be translated are written in Graph's alphabet and select the same message", async () => {
  const { lab, graph, ofEws } = await withIds({ graph: { tokens: { mail: ["Mail.Read"] } } });
  const names = ofEws.map(({ id }) => ({ itemId: id }));
  expect(await located(graph("mail"), names)).toEqual(ofEws.map(({ subject }) => [subject]));
  expect(translations(lab)).toBe(1);
});

test("no id is translated with ews_ids rewrite", async () => {
  const { lab, ofEws } = await withIds();
  const box = labMailbox(lab.graphUrl, ann, {}, { ewsIds: "rewrite" });
  const found = await all(
    locate(
      box,
      ofEws.map(({ id }) => ({ itemId: id })),
    ),
  );
  expect(found.map(have)).toMatchObject(ofEws.map(({ subject }) => ({ messages: [{ subject }] })));
  expect(translations(lab)).toBe(0);
});

test("more than a thousand ids are translated in several requests", async () => {
  const asked: number[] = [];
  const { mailbox } = await scripted(({ path, body }) => {
    if (!path.includes("translateExchangeIds")) return { status: 404, json: { error: { code: "ErrorItemNotFound" } } };
    const { inputIds, sourceIdType, targetIdType } = JSON.parse(body) as { inputIds: string[]; sourceIdType: string; targetIdType: string };
    expect([sourceIdType, targetIdType]).toEqual(["ewsId", "restImmutableEntryId"]);
    asked.push(inputIds.length);
    return { json: { value: inputIds.map((sourceId) => ({ sourceId, targetId: `t${sourceId}` })) } };
  });
  const ids = Array.from({ length: 1500 }, (_, index) => `${index}/`);
  expect((await translatedIds(mailbox, [...ids, "plain"])).size).toBe(1500);
  expect(asked).toEqual([1000, 500]);
});

test("a dead EWS id fails with its reason, or is replaced through the Message-ID", async () => {
  const { ews, graph, first } = await withIds();
  const name = { itemId: first.id, internetMessageId: first.internetMessageId ?? "" };
  for await (const outcome of ews.mailbox(ann).move([name.itemId], { folder: "drafts" })) expect(outcome.ok).toBe(true);
  const [dead, healed] = await located(graph(), [{ itemId: name.itemId }, name]);
  expect(dead).toMatchObject({ code: "could-not-look", message: expect.stringContaining("id of Exchange Web Services") });
  expect(healed).toEqual([first.subject]);
});

test("an EWS id of an item in a public folder or archive is refused with the reason", async () => {
  const { graph } = await withIds();
  const [refused] = await located(graph(), [{ itemId: "AAE+nothing/of/ours=" }]);
  expect(refused).toMatchObject({ message: expect.stringContaining("archive or a public folder") });
});

test("an id of an archive, of another mailbox's archive or of a public folder is not reported as missing", async () => {
  const { lab, graph, ann: mailbox } = await onStage();
  const bob = lab.store.mailbox("bob@example.com");
  if (bob === undefined) throw new Error("The lab has no bob.");
  const shared = lab.store.openPublicFolders();
  const folder = shared.createFolder(shared.root, "Security", "IPF.Note");
  const archives = [mailbox, bob].map((one) => lab.store.openArchive(one));
  // Sixty-four of each, so that some have letters which Graph writes otherwise, and some have not.
  const items = Array.from({ length: 64 }, () => [
    ...archives.map((archive) => archive.add(archive.root, { subject: "Old" })),
    shared.add(folder, { subject: "Fire drill" }),
  ]).flat();
  const seen = await located(
    graph(),
    items.flatMap(({ id }) => [{ itemId: id }, { itemId: id.replaceAll("/", "-").replaceAll("+", "_") }]),
  );
  expect(new Set(seen.map((one) => "code" in one && one.code))).toEqual(new Set(["could-not-look"]));
});

test("an unknown id of the mailbox itself is reported absent", async () => {
  const { graph, ann: mailbox } = await onStage();
  const item = mailbox.add(mailbox.known("inbox"), { subject: "Gone" });
  mailbox.remove(item);
  expect(await located(graph(), [{ itemId: item.id.replaceAll("/", "-").replaceAll("+", "_") }])).toMatchObject([
    { absentFrom: { places: ["mailbox"], by: "item_id" } },
  ]);
});

test("folder ids are translated both ways, and an unknown one fails with its reason", async () => {
  const { ews, graph, ann: mailbox } = await withIds();
  const inbox = mailbox.known("inbox");
  const folders = Array.from({ length: 64 }, (_, index) => mailbox.createFolder(inbox, `Folder ${index}`));
  const folder = folders.find(({ id }) => /[/+]/.test(id));
  const id = folder?.id ?? "";
  const ofGraph = id.replaceAll("/", "-").replaceAll("+", "_");
  expect(await graph().mailbox(ann).folder(id)).toMatchObject({ folderId: ofGraph, displayName: folder?.name });
  expect(await ews.mailbox(ann).folder(ofGraph)).toMatchObject({ folderId: id, displayName: folder?.name });
  await expect(
    graph()
      .mailbox(ann)
      .folder(`${id.slice(0, 90)}/+`),
  ).rejects.toMatchObject({
    code: "folder-not-found",
    hint: expect.stringContaining("id of Exchange Web Services"),
  });
});

test("default Graph ids select their message over EWS as well", async () => {
  const { ews, ofEws } = await withIds();
  const names = ofEws.map(({ id }) => ({ itemId: id.replaceAll("/", "-").replaceAll("+", "_") }));
  expect(names.every(({ itemId }) => /[-_]/.test(itemId))).toBe(true);
  expect(await located(ews, names)).toEqual(ofEws.map(({ subject }) => [subject]));
});

test("an immutable Graph id is refused by EWS with the reason, or replaced through the Message-ID", async () => {
  const { ews, graph } = await withIds();
  const filters = { subject: "Message 7", subjectMatch: "equals" } as const;
  const { messages } = await graph().mailbox(ann).search({ filters, limit: 1 });
  const itemId = messages[0]?.itemId ?? "";
  const [refused, healed] = await located(ews, [{ itemId }, { itemId, internetMessageId: "<crossing-7@example.net>" }]);
  expect(refused).toMatchObject({ code: "invalid-input", message: expect.stringContaining("id of Microsoft Graph") });
  expect(healed).toEqual(["Message 7"]);
});

test("a default id of Graph whose message is gone is not found over EWS", async () => {
  const { ews, first } = await withIds();
  for await (const outcome of ews.mailbox(ann).delete([first.id], "hard")) expect(outcome.ok).toBe(true);
  const itemId = first.id.replaceAll("/", "-").replaceAll("+", "_");
  expect(await located(ews, [{ itemId }])).toMatchObject([{ absentFrom: { mailbox: ann, by: "item_id" } }]);
});
