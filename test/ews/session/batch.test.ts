import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { errorMessage, fault, itemMessage, type Reply, replyOf, type Scripted, type Seen, scripted } from "../scripted-server.ts";

let server: Scripted | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(answer: (request: Seen, count: number) => Reply, options: Parameters<typeof scripted>[1] = {}): Promise<Scripted> {
  server = await scripted(answer, options);
  return server;
}

async function all<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

function get({ exchange }: Scripted, ids: readonly string[]): Promise<Outcome<Message>[]> {
  return all(exchange.mailbox(undefined).get(ids, {}));
}

/** Returns the outcomes: the subject, or the code of the failure. */
function told(outcomes: readonly Outcome<Message>[]): string[] {
  return outcomes.map((outcome) => (outcome.ok ? (outcome.value.subject ?? "") : outcome.failure.code));
}

function moved(outcomes: readonly Outcome<{ readonly newItemId?: string | undefined }>[]): string[] {
  return outcomes.map((outcome) => (outcome.ok ? (outcome.value.newItemId ?? "no id") : outcome.failure.code));
}

const items = ({ ids }: Seen) =>
  replyOf(
    "GetItem",
    ids.map((id) => itemMessage("GetItem", id)),
  );

describe("reading in batches", () => {
  test("250 ids are requested in three batches and answered in their order", async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `id${index}`);
    const { seen } = await start(items);
    expect(server && told(await get(server, ids))).toEqual(ids.map((id) => `about ${id}`));
    expect(seen.map((request) => request.ids.length)).toEqual([100, 100, 50]);
  });

  test("no ids are no request", async () => {
    const { seen, exchange } = await start(items);
    expect(await all(exchange.mailbox(undefined).get([], {}))).toEqual([]);
    expect(seen).toEqual([]);
  });

  test("an error in the middle is that item's alone", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "GetItem",
        ids.map((id) => (id === "b" ? errorMessage("GetItem", "ErrorItemNotFound") : itemMessage("GetItem", id))),
      ),
    );
    expect(told(await get(one, ["a", "b", "c"]))).toEqual(["about a", "not-found", "about c"]);
    expect(one.seen).toHaveLength(1);
  });

  // exchangelib passes over the BackOffMilliseconds of a response message and waits 60 s.
  test("one item that is busy is asked again alone, with the server's own wait in the response message", async () => {
    const one = await start(({ ids }, count) =>
      replyOf(
        "GetItem",
        ids.map((id) =>
          id === "b" && count === 1 ? errorMessage("GetItem", "ErrorServerBusy", { backOffMs: 20 }) : itemMessage("GetItem", id),
        ),
      ),
    );
    expect(told(await get(one, ["a", "b", "c"]))).toEqual(["about a", "about b", "about c"]);
    expect(one.seen.map(({ ids }) => ids)).toEqual([["a", "b", "c"], ["b"]]);
  });

  test("a busy fault is waited for and reported to the caller", async () => {
    const one = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", 30) : items(request)));
    const progress: string[] = [];
    const outcomes = await all(one.exchange.mailbox(undefined, { progress: (text) => progress.push(text) }).get(["a"], {}));
    expect(told(outcomes)).toEqual(["about a"]);
    expect(progress.join()).toMatch(/waiting/);
  });

  test("a wait above the limit is not made, and the failure names its length", async () => {
    const one = await start(() => fault("ErrorServerBusy", 297_749), { throttling: { maxWaitMs: 1000 } });
    const [outcome] = await get(one, ["a"]);
    expect(outcome).toMatchObject({
      ok: false,
      failure: { code: "busy", wireCode: "ErrorServerBusy", backOffMs: 297_749, requestId: "r-1" },
    });
    expect(one.seen).toHaveLength(1);
  });

  test("an item that stays busy is tried five times and then has its failure", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "GetItem",
        ids.map(() => errorMessage("GetItem", "ErrorServerBusy", { backOffMs: 1 })),
      ),
    );
    expect(told(await get(one, ["a"]))).toEqual(["busy"]);
    expect(one.seen).toHaveLength(5);
  });

  test("items behind the one that stopped the batch are asked again, and only they", async () => {
    const one = await start(({ ids }, count) =>
      count > 1
        ? replyOf(
            "GetItem",
            ids.map((id) => itemMessage("GetItem", id)),
          )
        : replyOf("GetItem", [
            itemMessage("GetItem", "a"),
            errorMessage("GetItem", "ErrorAccessDenied"),
            errorMessage("GetItem", "ErrorBatchProcessingStopped", { kind: "Warning" }),
            errorMessage("GetItem", "ErrorBatchProcessingStopped", { kind: "Warning" }),
          ]),
    );
    expect(told(await get(one, ["a", "b", "c", "d"]))).toEqual(["about a", "access-denied", "about c", "about d"]);
    expect(one.seen.map(({ ids }) => ids)).toEqual([
      ["a", "b", "c", "d"],
      ["c", "d"],
    ]);
  });

  test("a batch that is always stopped ends, and items that were never attempted are reported as such", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "GetItem",
        ids.map(() => errorMessage("GetItem", "ErrorBatchProcessingStopped", { kind: "Warning" })),
      ),
    );
    expect(told(await get(one, ["a", "b"]))).toEqual(["not-attempted", "not-attempted"]);
    expect(one.seen.length).toBeLessThan(10);
  });

  // ews-javascript-api loses the error code here: "Cannot read properties of undefined (reading 'ResponseClass')".
  test("one error message for a whole batch is looked at item by item", async () => {
    const one = await start(({ ids }) => {
      if (ids.length > 1) return replyOf("GetItem", [errorMessage("GetItem", "ErrorInternalServerError")]);
      return replyOf("GetItem", [ids[0] === "b" ? errorMessage("GetItem", "ErrorCorruptData") : itemMessage("GetItem", ids[0] ?? "")]);
    });
    expect(told(await get(one, ["a", "b", "c"]))).toEqual(["about a", "unreadable", "about c"]);
  });

  test("a short batch gives no item the result of another", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "GetItem",
        (ids.length > 1 ? ids.filter((id) => id !== "b") : ids).map((id) => itemMessage("GetItem", id)),
      ),
    );
    expect(told(await get(one, ["a", "b", "c"]))).toEqual(["about a", "about b", "about c"]);
  });

  test("more results than items are trusted for none", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "GetItem",
        [...ids, "x"].map((id) => itemMessage("GetItem", id)),
      ),
    );
    expect(told(await get(one, ["a", "b"]))).toEqual(["broken-reply", "broken-reply"]);
  });

  test("a reply that breaks on one item costs only that item", async () => {
    const one = await start(({ ids }) => ({
      ...itemsOf(ids.map((id) => (id === "b" ? "<t:Oops>" : itemMessage("GetItem", id)))),
    }));
    expect(told(await get(one, ["a", "b", "c"]))).toEqual(["about a", "broken-reply", "about c"]);
  });

  test("an id that XML cannot carry is that item's failure, and the others are read", async () => {
    const one = await start(items);
    expect(told(await get(one, ["a", "b\u0000", "c"]))).toEqual(["about a", "invalid-input", "about c"]);
  });

  test.each(["reset", "half"] as const)("a connection that ends (%s) is tried once more, as the same batch", async (how) => {
    const one = await start((request, count) => (count === 1 ? how : items(request)));
    expect(told(await get(one, ["a", "b"]))).toEqual(["about a", "about b"]);
    expect(one.seen.map(({ ids }) => ids)).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  test("our own time-out is not doubled by a second try", async () => {
    const one = await start(() => "silence");
    const outcomes = await all(one.exchange.mailbox(undefined, { timeoutMs: 50 }).get(["a"], {}));
    expect(told(outcomes)).toEqual(["timeout"]);
    expect(one.seen).toHaveLength(1);
  });

  test("a move that got no answer in time is unknown, not retryable", async () => {
    const one = await start(() => "silence");
    const outcomes = await all(one.exchange.mailbox(undefined, { timeoutMs: 50 }).move(["a"], { folder: "inbox" }));
    expect(outcomes).toMatchObject([{ ok: false, failure: { code: "unknown-outcome", retryable: false } }]);
  });

  test("all callers of a mailbox wait if Exchange asks one of them to", async () => {
    const one = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", 200) : items(request)));
    let first: Promise<unknown> = Promise.resolve();
    const waiting = new Promise<string>((resolve) => {
      first = all(one.exchange.mailbox(undefined, { progress: resolve }).get(["a"], {}));
    });
    await waiting;
    const told = new Promise<string>((resolve) => void all(one.exchange.mailbox("ANN@example.com", { progress: resolve }).get(["b"], {})));
    expect(await Promise.race([told, first.then(() => "nobody was told to wait")])).toMatch(/waiting/);
    await first;
  });

  // exchangelib's FaultTolerance takes 401 for "busy" and tries again until the account is locked.
  test("a refused sign-in is tried once and never again, whatever is left", async () => {
    const one = await start(() => ({
      status: 401,
      headers: { "Content-Type": "text/html", "WWW-Authenticate": 'Basic realm=""' },
      body: "no",
    }));
    const ids = Array.from({ length: 150 }, (_, index) => `id${index}`);
    expect(new Set(told(await get(one, ids)))).toEqual(new Set(["unauthenticated"]));
    expect(one.seen).toHaveLength(1);
  });

  test("a call that is cancelled while it waits throws cancelled", async () => {
    const one = await start(() => fault("ErrorServerBusy", 30_000));
    const stop = new AbortController();
    const call = { signal: stop.signal, progress: () => stop.abort() };
    await expect(all(one.exchange.mailbox(undefined, call).get(["a"], {}))).rejects.toMatchObject({ code: "cancelled" });
  });

  test("as many outcomes as ids in their order, whatever each batch does", async () => {
    const codes = ["ok", "ErrorItemNotFound", "ErrorServerBusy", "ErrorBatchProcessingStopped", "ErrorNobodyKnows"] as const;
    let script: readonly (readonly (typeof codes)[number][])[] = [];
    let round = 0;
    const one = await start(({ ids }) => {
      const row = script[round++] ?? [];
      const message = (id: string, at: number) => {
        const code = row[at] ?? "ok";
        return code === "ok" ? itemMessage("GetItem", id) : errorMessage("GetItem", code, { backOffMs: 1 });
      };
      // A row of odd length loses its last answer.
      return replyOf("GetItem", (row.length % 2 === 1 && ids.length > 1 ? ids.slice(0, -1) : ids).map(message));
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.array(fc.constantFrom(...codes), { maxLength: 6 }), { maxLength: 4 }),
        async (count, rows) => {
          script = rows;
          round = 0;
          const ids = Array.from({ length: count }, (_, index) => `id${index}`);
          const outcomes = await get(one, ids);
          expect(outcomes).toHaveLength(count);
          outcomes.forEach((outcome, index) => {
            if (outcome.ok) expect(outcome.value.itemId).toBe(ids[index]);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("writing in batches", () => {
  const did = ({ operation, ids }: Seen) =>
    replyOf(
      operation,
      ids.map((id) => itemMessage(operation, `new-${id}`)),
    );

  function move({ exchange }: Scripted, ids: readonly string[]) {
    return all(exchange.mailbox(undefined).move(ids, { folder: "inbox" }));
  }

  test("a busy item is moved on the second try, and no other is moved twice", async () => {
    const one = await start(({ ids }, count) =>
      replyOf(
        "MoveItem",
        ids.map((id) =>
          id === "c" && count === 1 ? errorMessage("MoveItem", "ErrorServerBusy", { backOffMs: 5 }) : itemMessage("MoveItem", `new-${id}`),
        ),
      ),
    );
    expect(moved(await move(one, ["a", "b", "c", "d", "e"]))).toEqual(["new-a", "new-b", "new-c", "new-d", "new-e"]);
    expect(one.seen.flatMap(({ ids }) => ids).filter((id) => id !== "c")).toEqual(["a", "b", "d", "e"]);
  });

  function removeAll({ exchange }: Scripted, ids: readonly string[]) {
    return all(exchange.mailbox(undefined).delete(ids, "hard"));
  }
  const gone = ({ ids }: Seen) =>
    replyOf(
      "DeleteItem",
      ids.map(() => errorMessage("DeleteItem", "ErrorItemNotFound")),
    );

  test("an item missing at the repetition of a deletion after a lost answer was deleted by us", async () => {
    const one = await start((request, count) => (count === 1 ? "reset" : gone(request)));
    expect(await removeAll(one, ["a", "b"])).toMatchObject([{ ok: true }, { ok: true }]);
  });

  test("an item missing at the first try, or after a try that did nothing, was deleted by somebody else", async () => {
    const one = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", 1) : gone(request)));
    expect(moved(await removeAll(one, ["a"]))).toEqual(["not-found"]);
    expect(moved(await removeAll(one, ["b"]))).toEqual(["not-found"]);
  });

  test("a deletion whose answers were all lost may be repeated, and says that it may have been done", async () => {
    const one = await start(() => "reset");
    const [outcome] = await removeAll(one, ["a"]);
    expect(outcome).toMatchObject({
      ok: false,
      failure: {
        code: "broken-reply",
        retryable: true,
        message: expect.stringContaining("answer was lost"),
        hint: expect.stringContaining("may have been done"),
      },
    });
  });

  test("a busy fault did nothing, so the whole batch is sent again", async () => {
    const one = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", 5) : did(request)));
    expect(moved(await move(one, ["a", "b"]))).toEqual(["new-a", "new-b"]);
    expect(one.seen).toHaveLength(2);
  });

  test.each(["reset", "half"] as const)("a lost answer (%s) to a move is not sent again: its outcome is unknown", async (how) => {
    const one = await start(() => how);
    expect(moved(await move(one, ["a", "b"]))).toEqual(["unknown-outcome", "unknown-outcome"]);
    expect(one.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  });

  test("a 500 without SOAP leaves it unknown whether it was moved, and is not repeated", async () => {
    const one = await start(() => ({ status: 500, headers: { "Content-Type": "text/html" }, body: "<html>Runtime Error</html>" }));
    expect(moved(await move(one, ["a"]))).toEqual(["unknown-outcome"]);
    expect(one.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  });

  test("a 429 did nothing and is repeated", async () => {
    const one = await start((request, count) =>
      count === 1 ? { status: 429, headers: { "Content-Type": "text/html", "Retry-After": "1" }, body: "busy" } : did(request),
    );
    expect(moved(await move(one, ["a"]))).toEqual(["new-a"]);
  });

  test("of a short batch the items without an answer are unknown, and none is sent again", async () => {
    const one = await start(({ ids }) =>
      replyOf(
        "MoveItem",
        ids.slice(0, 2).map((id) => itemMessage("MoveItem", `new-${id}`)),
      ),
    );
    expect(moved(await move(one, ["a", "b", "c"]))).toEqual(["new-a", "new-b", "unknown-outcome"]);
    expect(one.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  });

  test("an error that passes is not a reason to move again, since how far it came is not known", async () => {
    const one = await start(() => replyOf("MoveItem", [errorMessage("MoveItem", "ErrorInternalServerTransientError")]));
    expect(moved(await move(one, ["a"]))).toEqual(["unknown-outcome"]);
    expect(one.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  });

  test("a request that the schema refuses is sent item by item, since nothing was done", async () => {
    const one = await start((request) => (request.ids.includes("bad") ? fault("ErrorSchemaValidation") : did(request)));
    expect(moved(await move(one, ["a", "bad", "c"]))).toEqual(["new-a", "refused", "new-c"]);
    expect(one.seen.flatMap(({ ids }) => (ids.length === 1 ? ids : []))).toEqual(["a", "bad", "c"]);
  });

  test("a hard delete whose answer was lost is repeated: to delete twice is to delete once", async () => {
    const deleted = ({ ids }: Seen) =>
      replyOf(
        "DeleteItem",
        ids.map(
          () =>
            '<m:DeleteItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:DeleteItemResponseMessage>',
        ),
      );
    const one = await start((request, count) => (count === 1 ? "reset" : deleted(request)));
    expect(moved(await all(one.exchange.mailbox(undefined).delete(["a"], "hard")))).toEqual(["no id"]);
    expect(one.seen).toHaveLength(2);
  });
});

function itemsOf(messages: readonly string[]): Exclude<Reply, string> {
  const reply = replyOf("GetItem", messages);
  if (typeof reply === "string") throw new Error("A reply of items is a document.");
  return reply;
}
