import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../../../src/graph/session/expected-reply.ts";
import { textIn } from "../../../src/graph/session/read-json.ts";
import { type Request, segment } from "../../../src/graph/session/request-description.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { scripted, stepsOf } from "../scripted.ts";

const reading: Request<string, string> = {
  name: "message-get",
  safety: "read",
  reply: found("subject"),
  write: (id) => ({ method: "GET", path: `/messages/${segment(id)}` }),
  read: (reply) => textIn(reply, "subject") ?? "",
};
const copying: Request<string, string> = {
  ...reading,
  name: "message-copy",
  safety: "never",
  write: (id) => ({ method: "POST", path: `/messages/${segment(id)}/copy`, body: { destinationId: "archive" } }),
};
const moving: Request<string, string> = { ...copying, name: "message-move", safety: "idempotent", gone: "gone" };

const said = (outcomes: readonly Outcome<string>[]) => outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome.failure.code));

async function all<T>(some: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of some) list.push(one);
  return list;
}

const answerTo = ({ id, url }: { readonly id: string; readonly url: string }) => ({
  id,
  status: 200,
  body: { subject: decodeURIComponent(url.split("/")[4] ?? "") },
});
const ids = (count: number) => Array.from({ length: count }, (_, index) => `id${index}`);

test("45 objects are requested in batches of at most 20, each with its own id and headers", async () => {
  const { mailbox, seen } = await scripted((one) => ({ json: { responses: stepsOf(one).map(answerTo) } }));
  expect(said(await all(mailbox.each(reading, ids(45))))).toEqual(ids(45));
  expect(seen.map((one) => stepsOf(one).length)).toEqual([20, 20, 5]);
  expect(seen[0]?.path).toBe("/v1.0/$batch");
  expect(JSON.parse(seen[0]?.body ?? "").requests[0]).toEqual({
    id: "0",
    method: "GET",
    url: "/users/ann%40example.com/messages/id0",
    headers: { prefer: 'IdType="ImmutableId"' },
  });
});

test("one object is requested without a batch", async () => {
  const { mailbox, seen } = await scripted(() => ({ json: { subject: "alone" } }));
  expect(said(await all(mailbox.each(reading, ["id0"])))).toEqual(["alone"]);
  expect(seen.map(({ path }) => path)).toEqual(["/v1.0/users/ann%40example.com/messages/id0"]);
});

test("as many outcomes as ids in their order, however the answers are shuffled, left out, doubled or not asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("good", "gone", "missing", "twice", "foreign"), { minLength: 2, maxLength: 12 }),
      fc.integer(),
      async (fates, seed) => {
        const { mailbox } = await scripted((one) => {
          const responses = stepsOf(one).flatMap((step): unknown[] => {
            const fate = fates[Number(/id(\d+)/.exec(step.url)?.[1])];
            if (fate === "missing") return [];
            if (fate === "gone") return [{ id: step.id, status: 404, body: { error: { code: "ErrorItemNotFound", message: "x" } } }];
            if (fate === "twice") return [answerTo(step), { id: step.id, status: 500, body: {} }];
            return fate === "foreign" ? [answerTo(step), { id: "999", status: 200, body: { subject: "nobody's" } }, 7] : [answerTo(step)];
          });
          // Answers to one request stay in their order.
          const shuffled = seed % 2 === 0 ? responses : [...responses.slice(1), ...responses.slice(0, 1)];
          return { json: { responses: fates.includes("twice") ? responses : shuffled } };
        });
        const outcomes = said(await all(mailbox.each(copying, ids(fates.length))));
        expect(outcomes).toEqual(
          fates.map((fate, index) => (fate === "missing" ? "unknown-outcome" : fate === "gone" ? "not-found" : `id${index}`)),
        );
      },
    ),
    { numRuns: 15 },
  );
});

test("only the throttled requests of a batch are repeated, after the wait in their own reply", async () => {
  const { mailbox, seen } = await scripted((one, number) => {
    if (number > 1) return { json: { subject: "second try" } };
    const [first, second, third] = stepsOf(one).map(answerTo);
    return {
      json: {
        responses: [
          third,
          { ...second, status: 429, headers: { "Retry-After": "1" }, body: { error: { code: "ApplicationThrottled" } } },
          first,
        ],
      },
    };
  });
  const waited: number[] = [];
  const outcomes = await all(mailbox.during({ waited: (ms) => waited.push(ms) }).each(copying, ids(3)));
  expect(said(outcomes)).toEqual(["id0", "second try", "id2"]);
  expect(seen.map(({ path }) => path.split("/").at(-1))).toEqual(["$batch", "copy"]);
  expect(waited.length).toBe(1);
});

test("a lost reply is unknown for a request that must not be repeated, and another request is repeated", async () => {
  const lost = await scripted(() => undefined);
  expect(said(await all(lost.mailbox.each(copying, ids(3))))).toEqual(Array(3).fill("unknown-outcome"));
  expect(lost.seen).toHaveLength(1);
  const healed = await scripted((one, number) => (number === 1 ? undefined : { json: { responses: stepsOf(one).map(answerTo) } }));
  expect(said(await all(healed.mailbox.each(reading, ids(3))))).toEqual(ids(3));
});

test("an item missing on a repetition after a lost reply was deleted by the first try", async () => {
  const notFound = { error: { code: "ErrorItemNotFound", message: "x" } };
  const { mailbox } = await scripted((one, number) =>
    number === 1 ? undefined : { json: { responses: stepsOf(one).map(({ id }) => ({ id, status: 404, body: notFound })) } },
  );
  expect(said(await all(mailbox.each(moving, ids(2))))).toEqual(["gone", "gone"]);
  const first = await scripted(() => ({ status: 404, json: notFound }));
  expect(said(await all(first.mailbox.each(moving, ["id0"])))).toEqual(["not-found"]);
});

test("the others are requested one by one if one request spoils a batch", async () => {
  const { mailbox, seen } = await scripted(({ path }) => {
    if (path.endsWith("$batch")) return { status: 400, json: { error: { code: "BadRequest", message: "x" } } };
    return path.includes("id1") ? { status: 400, json: { error: { code: "BadRequest", message: "x" } } } : { json: { subject: "fine" } };
  });
  expect(said(await all(mailbox.each(copying, ids(3))))).toEqual(["fine", "refused", "fine"]);
  expect(seen).toHaveLength(4);
});

test("no request follows a refused token", async () => {
  const { mailbox, seen } = await scripted(() => ({ status: 401, json: { error: { code: "InvalidAuthenticationToken", message: "x" } } }));
  expect(said(await all(mailbox.each(reading, ids(45))))).toEqual(Array(45).fill("unauthenticated"));
  expect(seen).toHaveLength(1);
});
