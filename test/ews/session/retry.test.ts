import { afterEach, describe, expect, test } from "vitest";
import type { Mailbox } from "../../../src/exchange/exchange.ts";
import { fault, itemMessage, type Reply, replyOf, type Scripted, type Seen, scripted } from "../scripted-server.ts";

const open: Scripted[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(answer: (request: Seen, count: number) => Reply, options: Parameters<typeof scripted>[1] = {}): Promise<Scripted> {
  const one = await scripted(answer, options);
  open.push(one);
  return one;
}

const found = ({ ids }: Seen) =>
  replyOf(
    "GetItem",
    ids.map((id) => itemMessage("GetItem", id)),
  );

/** The code of the failure, or `done`. */
async function read(mailbox: Mailbox): Promise<string> {
  for await (const outcome of mailbox.get(["a"], {})) return outcome.ok ? "done" : outcome.failure.code;
  return "nothing";
}

// Longer than any wait in these tests: a caller that must wait fails, and any other succeeds.
const long = 90_000;
const tooMany: Reply = { status: 429, headers: { "Content-Type": "text/html", "Retry-After": "90" }, body: "busy" };

describe("a fault", () => {
  test("of an impersonated mailbox delays that mailbox and no other", async () => {
    const { exchange } = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", long) : found(request)));
    const told = [await read(exchange.mailbox("ann@example.com")), await read(exchange.mailbox("ANN@example.com"))];
    expect([...told, await read(exchange.mailbox("bob@example.com"))]).toEqual(["busy", "busy", "done"]);
  });

  test("under delegate access delays the account, and so every mailbox", async () => {
    const one = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", long) : found(request)), { access: "delegate" });
    const told = [await read(one.exchange.mailbox("ann@example.com")), await read(one.exchange.mailbox("bob@example.com"))];
    expect(told).toEqual(["busy", "busy"]);
    expect(one.seen).toHaveLength(1);
  });

  test("of an unavailable mailbox database delays its mailbox only, even under delegate access", async () => {
    const { exchange } = await start(
      ({ headers, ...request }) =>
        headers["x-anchormailbox"] === "ann@example.com" ? fault("ErrorMailboxStoreUnavailable", long) : found({ headers, ...request }),
      {
        access: "delegate",
      },
    );
    expect([await read(exchange.mailbox("ann@example.com")), await read(exchange.mailbox("bob@example.com"))]).toEqual(["busy", "done"]);
  });

  test("with HTTP 429, from a component in front of all mailboxes, delays every mailbox", async () => {
    const one = await start((request, count) => (count === 1 ? tooMany : found(request)));
    const told = [await read(one.exchange.mailbox("ann@example.com")), await read(one.exchange.mailbox("bob@example.com"))];
    expect(told).toEqual(["busy", "busy"]);
    expect(one.seen).toHaveLength(1);
  });

  test("reaches a caller whose turn is refused with the server's own code", async () => {
    const { exchange } = await start(() => tooMany);
    const mailbox = exchange.mailbox("ann@example.com");
    await read(mailbox);
    for await (const outcome of mailbox.get(["b"], {})) {
      expect(outcome).toMatchObject({
        ok: false,
        failure: { code: "busy", wireCode: "HTTP 429", message: expect.stringContaining("more") },
      });
    }
  });
});

test("two connections of one account to one server count as one client, and another account does not", async () => {
  const account = { account: "user soc@example.com" };
  const one = await start(() => tooMany, account);
  const same = { ...account, url: one.url };
  const [second, other] = [await start(found, same), await start(found, { ...same, account: "user ops@example.com" })];
  expect(await read(one.exchange.mailbox(undefined))).toBe("busy");
  expect(await read(second.exchange.mailbox(undefined))).toBe("busy");
  const seen = one.seen.length;
  expect(await read(other.exchange.mailbox(undefined))).toBe("busy");
  expect([seen, one.seen.length]).toEqual([1, 2]);
});

test("waits at the server's request are reported to the call", async () => {
  const { exchange } = await start((request, count) => (count === 1 ? fault("ErrorServerBusy", 20) : found(request)));
  const waited: number[] = [];
  expect(await read(exchange.mailbox(undefined, { waited: (ms) => waited.push(ms) }))).toBe("done");
  expect(waited).toHaveLength(1);
});

test("no more requests are under way at a time than the connection allows, and all are answered", async () => {
  const one = await start(found, { slowMs: 5, throttling: { maxConcurrency: 2 } });
  const mailboxes = Array.from({ length: 12 }, (_, index) => one.exchange.mailbox(`user${index}@example.com`));
  expect(new Set(await Promise.all(mailboxes.map(read)))).toEqual(new Set(["done"]));
  expect(one.most()).toBe(2);
});

test("a server that names its maximum number of requests gets no more at a time from then on", async () => {
  const one = await start((request, count) => (count === 1 ? overLimit(3) : found(request)), { slowMs: 5, access: "delegate" });
  const mailboxes = Array.from({ length: 30 }, (_, index) => one.exchange.mailbox(`user${index}@example.com`));
  await read(mailboxes[0] ?? one.exchange.mailbox(undefined));
  const before = one.seen.length;
  await Promise.all(mailboxes.map(read));
  expect(one.seen.length - before).toBe(30);
  // From one request at a time the number grows while requests are served, but never above the named one.
  expect([2, 3]).toContain(one.most());
});

function overLimit(limit: number): Reply {
  const reply = fault("ErrorExceededConnectionCount", 1);
  if (typeof reply === "string") throw new Error("not a fault");
  const value = `<t:Value Name="MaxConcurrencyLimit">${limit}</t:Value>`;
  return { ...reply, body: reply.body.replace("</t:MessageXml>", `${value}</t:MessageXml>`) };
}
