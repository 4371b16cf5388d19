import { expect, test } from "vitest";
import { mail, withParts } from "../../exchange/contract-mail.ts";
import { onStage } from "../stage.ts";

async function through<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const outcome of outcomes) all.push(outcome);
  return all;
}

test("an EWS id selects the same message, whatever its characters", async () => {
  const { lab, ann, ews, graph } = await onStage();
  const ids: string[] = [];
  for (let number = 0; number < 25; number++) {
    lab.store.deliver(mail(`message ${number}`, { id: `<g${number}@example.org>` }), { from: "a@example.org", to: [ann.address] });
  }
  const { messages } = await ews.mailbox(ann.address).search({ filters: {}, limit: 25 });
  ids.push(...messages.map(({ itemId }) => itemId));
  const read = await through(graph().mailbox(ann.address).get(ids, {}));
  expect(read.map((outcome) => outcome.ok && outcome.value.subject)).toEqual(messages.map(({ subject }) => subject));
});

test("attachments are returned with their message, and a dead id has none", async () => {
  const { lab, ann, graph } = await onStage();
  const [plain, rich] = [mail("plain"), withParts].map(
    (mime) => lab.store.deliver(mime, { from: "a@example.org", to: [ann.address] })[0]?.item?.id ?? "",
  );
  const gone = lab.store.deliver(mail("gone"), { from: "a@example.org", to: [ann.address] })[0]?.item;
  if (gone !== undefined) ann.remove(gone);
  const read = await through(
    graph()
      .mailbox(ann.address)
      .get([rich ?? "", gone?.id ?? "", plain ?? ""], { attachments: true }),
  );
  expect(read.map((outcome) => (outcome.ok ? outcome.value.attachments?.length : outcome.failure.code))).toEqual([3, "not-found", 0]);
});
