import { describe, expect, test } from "vitest";
import { anna, ben, call, startGraphLab } from "../graph-client.ts";

const day = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * day);
const time = (days: number) => ago(days).toISOString();
const path = "/admin/exchange/tracing/messageTraces";
const mime = (id: string) =>
  Buffer.from(`From: m@example.org\r\nTo: ${anna}\r\nSubject: Invoice\r\nMessage-ID: <${id}@example.org>\r\n\r\nx\r\n`);

async function traced(tracesPerWindow?: number) {
  const lab = await startGraphLab({ graph: { tracesPerWindow } });
  lab.store.deliver(mime("new"), { from: "m@example.org", to: [anna, ben], at: ago(1) });
  lab.store.deliver(mime("old"), { from: "m@example.org", to: [anna], at: ago(40) });
  return lab;
}

describe("message trace of the lab's Graph", () => {
  test("lists the last two days without a filter, with Microsoft's properties", async () => {
    const lab = await traced();
    const reply = await call(lab, "GET", path);
    expect(reply.at("value", 0)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      messageId: "<new@example.org>",
      senderAddress: "m@example.org",
      recipientAddress: anna,
      subject: "Invoice",
      size: mime("new").length,
      receivedDateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      fromIP: expect.any(String),
      toIP: "",
      status: "delivered",
    });
    expect([reply.at("value", 1, "recipientAddress"), reply.at("value", 2)]).toEqual([ben, undefined]);
  });

  test("finds by one value of each property within a window of ten days", async () => {
    const lab = await traced();
    const window = `receivedDateTime ge ${time(45)} and receivedDateTime le ${time(36)}`;
    const reply = await call(
      lab,
      "GET",
      `${path}?$filter=${encodeURIComponent(`messageId eq '<old@example.org>' and contains(subject,'voice') and ${window}`)}`,
    );
    expect([reply.at("value", 0, "messageId"), reply.at("value", 1)]).toEqual(["<old@example.org>", undefined]);
  });

  test.each([
    ["a window of more than ten days", `receivedDateTime ge ${time(20)} and receivedDateTime le ${time(1)}`],
    ["a start more than 90 days ago", `receivedDateTime ge ${time(95)} and receivedDateTime le ${time(88)}`],
    ["an end in the future", `receivedDateTime ge ${time(1)} and receivedDateTime le ${time(-1)}`],
    ["one bound", `receivedDateTime ge ${time(1)}`],
    ["two values of one property", "messageId eq '<a@x>' and messageId eq '<b@x>'"],
    ["an alternative", "messageId eq '<a@x>' or messageId eq '<b@x>'"],
    ["another operator", "size gt 5"],
    ["a property that there is not", "received eq 'x'"],
  ])("refuses %s", async (_, filter) => {
    const lab = await traced();
    expect((await call(lab, "GET", `${path}?$filter=${encodeURIComponent(filter)}`)).status).toBe(400);
  });

  test.each(["$select=id", "$orderby=receivedDateTime", "$skip=1", "$count=true", "$top=5001", "$top=0"])("refuses %s", async (option) => {
    const lab = await traced();
    expect((await call(lab, "GET", `${path}?${option}`)).status).toBe(400);
  });

  test("goes on at a link with the filter of the page before", async () => {
    const lab = await traced();
    const first = await call(lab, "GET", `${path}?$top=1`);
    const next = new URL(String(first.at("@odata.nextLink")));
    const second = await call(lab, "GET", `${next.pathname.replace("/v1.0", "")}${next.search}`);
    expect([second.at("value", 0, "recipientAddress"), second.at("@odata.nextLink")]).toEqual([ben, undefined]);
  });

  test("turns away the request above the limit of five minutes, and says when to come back", async () => {
    const lab = await traced(2);
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push(await call(lab, "GET", path));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(Number(statuses[2]?.headers["retry-after"])).toBeGreaterThan(0);
  });
});
