import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Call } from "../../../src/exchange/exchange.ts";
import { openGraph } from "../../../src/graph/graph.ts";

// Outlook counts per application and mailbox: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits

interface Asked {
  readonly mailbox: string;
  answer(status: number, headers?: Record<string, string>): void;
}

/** Graph that answers when the test says so. */
async function waiting() {
  const asked: Asked[] = [];
  const server = createServer((request, response: ServerResponse) => {
    request.resume();
    const mailbox = decodeURIComponent(request.url?.split("/")[3] ?? "");
    asked.push({
      mailbox,
      answer: (status, headers = {}) =>
        response
          .writeHead(status, { "content-type": "application/json", ...headers })
          .end(JSON.stringify(status === 200 ? { status: "disabled" } : { error: { code: "ApplicationThrottled", message: "x" } })),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const open = (account?: string) => {
    const exchange = openGraph({ url: `http://127.0.0.1:${port}/v1.0`, signIn: (http) => http, account });
    onTestFinished(() => exchange.close());
    return { outOfOffice: (address: string, call: Call = {}) => exchange.mailbox(address, call).outOfOffice() };
  };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { open, asked };
}

/** Waits until so many have been asked, and gives the others time to come that should not. */
async function until(asked: readonly Asked[], count: number): Promise<void> {
  for (let tries = 0; tries < 400 && asked.length < count; tries++) await sleep(5);
  await sleep(50);
}

test("four requests run concurrently for one mailbox, and other mailboxes are served meanwhile", async () => {
  const { open, asked } = await waiting();
  const graph = open();
  const calls = [...Array.from({ length: 10 }, () => graph.outOfOffice("ann@example.com")), graph.outOfOffice("bob@example.com")];
  await until(asked, 5);
  const count = (mailbox: string) => asked.filter((one) => one.mailbox === mailbox).length;
  expect([count("ann@example.com"), count("bob@example.com")]).toEqual([4, 1]);
  asked[0]?.answer(200);
  await until(asked, 6);
  expect(count("ann@example.com")).toBe(5);
  let answered = 1;
  while (answered < calls.length) {
    await until(asked, answered + 1);
    for (const one of asked.slice(answered)) one.answer(200);
    answered = asked.length;
  }
  expect((await Promise.all(calls)).every(({ state }) => state === "Disabled")).toBe(true);
});

test.each([429, 503])(
  "status %i with Retry-After pauses every connection of the application to the mailbox, and no others",
  async (status) => {
    const { open, asked } = await waiting();
    const account = `application ${status}`;
    const [graph, again, other] = [open(account), open(account), open("another application")];
    let waited = 0;
    const call = { waited: (ms: number) => (waited += ms) };
    const first = graph.outOfOffice("ann@example.com", call);
    await until(asked, 1);
    asked[0]?.answer(status, { "retry-after": "2" });
    await sleep(50);
    const same = again.outOfOffice("Ann@Example.com");
    const bob = again.outOfOffice("bob@example.com");
    const foreign = other.outOfOffice("ann@example.com");
    await until(asked, 3);
    // Only those that the pause is not about have been asked by now.
    expect(
      asked
        .slice(1)
        .map(({ mailbox }) => mailbox)
        .sort(),
    ).toEqual(["ann@example.com", "bob@example.com"]);
    for (const one of asked.slice(1)) one.answer(200);
    await Promise.all([bob, foreign]);
    await until(asked, 5);
    for (const one of asked.slice(3)) one.answer(200);
    await Promise.all([first, same]);
    expect(waited).toBeGreaterThan(0);
    expect(asked.length).toBe(5);
  },
);
