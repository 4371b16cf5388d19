import { afterEach, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { ConcurrentRequests, parseThrottling } from "../../src/lab/throttling.ts";

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const findItem = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem></s:Body></s:Envelope>`;

/** Sends so many requests together; returns the status of each. */
async function together(count: number, send: (number: number) => Promise<Response>): Promise<number[]> {
  const replies = await Promise.all(Array.from({ length: count }, (_, at) => send(at)));
  await Promise.all(replies.map((reply) => reply.arrayBuffer()));
  return replies.map(({ status }) => status).sort();
}

const ews = (to: Lab, user: string) =>
  fetch(to.ewsUrl, {
    method: "POST",
    headers: { "Content-Type": "text/xml", Authorization: `Basic ${Buffer.from(`${user}:lab-password`).toString("base64")}` },
    body: findItem,
  });

const delay = { kind: "delay", delayMs: 300, times: 1000 } as const;

describe("a lab that throttles", () => {
  test("turns away each EWS request of an account above its limit, as Exchange does, and no request of another account", async () => {
    lab = await startLab({ throttling: { ews: 3 }, faults: [delay] });
    const to = lab;
    const statuses = await together(10, (at) => ews(to, at < 6 ? "user01@example.com" : "user02@example.com"));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 500, 500, 500, 500]);
    expect(await together(3, () => ews(to, "user01@example.com"))).toEqual([200, 200, 200]);
  });

  test("names the limit in the fault", async () => {
    lab = await startLab({ throttling: { ews: 1 }, faults: [delay] });
    const to = lab;
    const replies = await Promise.all([1, 2].map(() => ews(to, "user01@example.com").then((reply) => reply.text())));
    const refused = replies.find((reply) => reply.includes("ErrorExceededConnectionCount"));
    expect(refused).toContain('<t:Value Name="MaxConcurrencyLimit">1</t:Value>');
  });

  test.each([
    ["mailbox", [200, 200, 200, 200, 200, 200, 200, 200]],
    ["application", [200, 200, 200, 200, 429, 429, 429, 429]],
  ] as const)("counts the requests of an application to Microsoft Graph per %s", async (graph, statuses) => {
    lab = await startLab({ throttling: { graph }, graph: { tokens: { token: ["Mail.Read"] } }, faults: [delay] });
    const to = lab;
    const get = (at: number) =>
      fetch(`${to.graphUrl}/users/user0${at % 2 === 0 ? 1 : 2}@example.com/messages`, { headers: { Authorization: "Bearer token" } });
    expect(await together(8, get)).toEqual(statuses);
  });
});

describe("concurrent requests", () => {
  test("have a place again once one of them has ended, and only once", () => {
    const running = new ConcurrentRequests();
    const leave = running.enter("a", 1);
    expect(running.enter("a", 1)).toBeUndefined();
    leave?.();
    leave?.();
    expect(running.enter("a", 1)).toBeDefined();
    expect(running.enter("a", 1)).toBeUndefined();
    expect(running.enter("b", 1)).toBeDefined();
  });
});

describe("the words of throttling modes", () => {
  test.each([
    [["ews"], { ews: 27 }],
    [["ews:5", "graph-application"], { ews: 5, graph: "application" }],
    [["graph-mailbox"], { graph: "mailbox" }],
    [[], {}],
  ])("%j stand for %j", (words, throttling) => expect(parseThrottling(words)).toEqual(throttling));

  test.each(["ews:0", "ews:", "ews:x", "graph", ""])("%j is refused by name", (word) =>
    expect(() => parseThrottling([word])).toThrow(`"${word}" is no throttling mode`),
  );
});
