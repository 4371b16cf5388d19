import { expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import { newestFirst } from "../../../src/graph/search/newest-first.ts";
import { scripted, stepsOf } from "../scripted.ts";

const everything = { detail: {}, expected: 10, includes: () => true };
const refusal = { error: { code: "InefficientFilter", message: "The restriction or sort order is too complex for this operation." } };

async function ids(messages: AsyncIterable<Message>): Promise<string[]> {
  const all: string[] = [];
  for await (const { itemId } of messages) all.push(itemId);
  return all;
}

test("a filter that the service refuses is dropped, and the next one is tried", async () => {
  const { mailbox, seen } = await scripted(({ path }) =>
    path.includes("contains") ? { status: 400, json: refusal } : { json: { value: [{ id: "one" }] } },
  );
  const list = await newestFirst(mailbox, [undefined], { ...everything, filters: ["contains(subject,'x')", "isRead eq false"] });
  expect(await ids(list.messages())).toEqual(["one"]);
  expect(list.taken).toBe(1);
  expect(seen).toHaveLength(2);
});

test("a refusal of the last filter is reported", async () => {
  const { mailbox } = await scripted(() => ({ status: 400, json: refusal }));
  await expect(newestFirst(mailbox, [undefined], { ...everything, filters: ["a", "b"] })).rejects.toMatchObject({
    code: "invalid-input",
    wireCode: "InefficientFilter",
  });
});

test("several folders are one list, newest first, and one that may not be read is reported", async () => {
  const times: Record<string, readonly string[]> = { a: ["2026-01-04", "2026-01-01"], b: ["2026-01-03", "2026-01-02"] };
  const { mailbox } = await scripted((one) => ({
    json: {
      responses: stepsOf(one).map(({ id, url }) => {
        const folder = /mailFolders\/(\w)/.exec(url)?.[1] ?? "";
        const known = times[folder];
        if (known === undefined) return { id, status: 403, body: { error: { code: "ErrorAccessDenied", message: "No." } } };
        return { id, status: 200, body: { value: known.map((day) => ({ id: `${folder}${day}`, receivedDateTime: `${day}T00:00:00Z` })) } };
      }),
    },
  }));
  const list = await newestFirst(mailbox, [{ id: "a" }, { id: "x" }, { id: "b" }], { ...everything, filters: [undefined] });
  expect(await ids(list.messages())).toEqual(["a2026-01-04", "b2026-01-03", "b2026-01-02", "a2026-01-01"]);
  expect(list.unlisted.map(({ place, failure }) => [place, failure.code])).toEqual([[{ id: "x" }, "access-denied"]]);
});

test("a message that moved to the next page meanwhile is returned once", async () => {
  const stage = await scripted(({ path }) => {
    const first = { value: [{ id: "one" }, { id: "two" }], "@odata.nextLink": `${stage.origin}/v1.0/next` };
    return { json: path.endsWith("/next") ? { value: [{ id: "two" }, { id: "three" }] } : first };
  });
  const list = await newestFirst(stage.mailbox, [undefined], { ...everything, filters: [undefined] });
  expect(await ids(list.messages())).toEqual(["one", "two", "three"]);
});

test("a list that continues without new messages is abandoned, and its folder reported as incomplete", async () => {
  const stage = await scripted((_, number) => ({ json: { value: [{ id: "one" }], "@odata.nextLink": `${stage.origin}/v1.0/${number}` } }));
  const list = await newestFirst(stage.mailbox, [undefined], { ...everything, filters: [undefined] });
  expect(await ids(list.messages())).toEqual(["one"]);
  expect(list.unlisted).toMatchObject([{ isMessage: false, failure: { code: "broken-reply" } }]);
});

test("messages that the server lists without an id are reported", async () => {
  const { mailbox } = await scripted(() => ({ json: { value: [{ id: "one" }, { subject: "nameless" }] } }));
  const list = await newestFirst(mailbox, [undefined], { ...everything, filters: [undefined] });
  expect(await ids(list.messages())).toEqual(["one"]);
  expect(list.unlisted).toMatchObject([{ isMessage: true, failure: { code: "broken-reply" } }]);
});
