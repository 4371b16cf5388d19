import { expect, test } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import type { MessageName } from "../../src/exchange/message.ts";
import { onStage } from "./stage.ts";

// An id that one back end gave is good for the other, where it can be translated; where it cannot, it is said why.

const ann = "ann@example.com";

async function located(exchange: Exchange, names: readonly MessageName[]) {
  const found = [];
  for await (const outcome of exchange.mailbox(ann).locate(names)) {
    found.push(outcome.ok ? outcome.value.map(({ subject }) => subject) : { code: outcome.failure.code, message: outcome.failure.message });
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

test("ids of EWS are those of Graph in another alphabet, each names its own message", async () => {
  const { graph, ofEws } = await withIds();
  const names = ofEws.map(({ id }) => ({ itemId: id }));
  expect(await located(graph(), names)).toEqual(ofEws.map(({ subject }) => [subject]));
});

test("an id of EWS that its message has no more is not found, or healed by the Internet Message-ID", async () => {
  const { ews, graph, first } = await withIds();
  const name = { itemId: first.id, internetMessageId: first.internetMessageId ?? "" };
  for await (const outcome of ews.mailbox(ann).move([name.itemId], { folder: "drafts" })) expect(outcome.ok).toBe(true);
  const [dead, healed] = await located(graph(), [{ itemId: name.itemId }, name]);
  expect(dead).toMatchObject({ code: "not-found" });
  expect(healed).toEqual([first.subject]);
});

test("default ids of Graph name their message over EWS too", async () => {
  const { ews, ofEws } = await withIds();
  const names = ofEws.map(({ id }) => ({ itemId: id.replaceAll("/", "-").replaceAll("+", "_") }));
  expect(names.every(({ itemId }) => /[-_]/.test(itemId))).toBe(true);
  expect(await located(ews, names)).toEqual(ofEws.map(({ subject }) => [subject]));
});

test("an immutable id of Graph is refused by EWS with the reason, or healed by the Internet Message-ID", async () => {
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
  expect(await located(ews, [{ itemId }])).toMatchObject([{ code: "not-found" }]);
});
