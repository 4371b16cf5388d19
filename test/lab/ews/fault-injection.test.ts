import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FaultRule } from "../../../src/lab/faults.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, faultCode, outcomes, type Received, soc, startSmallLab } from "./soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterEach(() => lab.clearFaults());
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const folders = (...names: readonly string[]): string =>
  `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>${names
    .map((name) => `<t:DistinguishedFolderId Id="${name}"/>`)
    .join("")}</m:FolderIds></m:GetFolder>`;
const create = (...names: readonly string[]): string =>
  `<m:CreateFolder><m:ParentFolderId><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderId><m:Folders>${names
    .map((name) => `<t:Folder><t:DisplayName>${name}</t:DisplayName></t:Folder>`)
    .join("")}</m:Folders></m:CreateFolder>`;
const has = (name: string): boolean => lab.store.mailbox(anna)?.known("inbox").child(name) !== undefined;

async function once(rule: FaultRule, operation = folders("inbox")): Promise<Received> {
  lab.addFault(rule);
  return call(lab, operation);
}
const value = (received: Received, name: string): string | undefined =>
  received
    .xml()
    .at("detail", "MessageXml")
    ?.all("Value")
    .find(({ attributes }) => attributes.get("Name") === name)?.text;

test("throttling as a fault says how long to wait", async () => {
  const received = await once({ kind: "server-busy-fault", backOffMs: 297749 });
  expect([received.status, faultCode(received), value(received, "BackOffMilliseconds")]).toEqual([500, "ErrorServerBusy", "297749"]);
});

test("throttling may say 0", async () => {
  expect(value(await once({ kind: "server-busy-fault", backOffMs: 0 }), "BackOffMilliseconds")).toBe("0");
});

test("too many connections is a fault with three values and no time", async () => {
  const received = await once({ kind: "connection-count-fault" });
  expect(faultCode(received)).toBe("ErrorExceededConnectionCount");
  expect(
    received
      .xml()
      .at("detail", "MessageXml")
      ?.children.map(({ attributes }) => attributes.get("Name")),
  ).toEqual(["Policy", "MaxConcurrencyLimit", "ErrorMessage"]);
});

test("throttling as the response of one item leaves the others done", async () => {
  const received = await once({ kind: "server-busy-item", item: 2, backOffMs: 5000 }, create("A1", "A2", "A3"));
  expect(received.status).toBe(200);
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorServerBusy", "Success NoError"]);
  const busy = received.xml().child("ResponseMessages")?.children[1];
  expect(busy?.at("MessageXml", "Value")).toMatchObject({ text: "5000" });
  expect([has("A1"), has("A2"), has("A3")]).toEqual([true, false, true]);
});

test("one bad item in a batch fails alone and is not done", async () => {
  const received = await once({ kind: "item-error", item: 1, code: "ErrorItemSave" }, create("B1", "B2"));
  expect(outcomes(received)).toEqual(["Error ErrorItemSave", "Success NoError"]);
  expect([has("B1"), has("B2")]).toEqual([false, true]);
});

test("a stopped batch warns for every item after the bad one, and does none of them", async () => {
  const received = await once({ kind: "batch-stopped", item: 2 }, create("C1", "C2", "C3", "C4"));
  expect(outcomes(received)).toEqual([
    "Success NoError",
    "Error ErrorAccessDenied",
    "Warning ErrorBatchProcessingStopped",
    "Warning ErrorBatchProcessingStopped",
  ]);
  expect(["C1", "C2", "C3", "C4"].map(has)).toEqual([true, false, false, false]);
});

test("a short batch answers many items with one error, none done", async () => {
  const received = await once({ kind: "short-batch" }, create("D1", "D2"));
  expect(outcomes(received)).toEqual(["Error ErrorCorruptData"]);
  expect([has("D1"), has("D2")]).toEqual([false, false]);
});

test.each([
  ["401", "www-authenticate"],
  ["403", "content-type"],
  ["500", "content-type"],
  ["503", "retry-after"],
] as const)("%s comes as HTTP, not as SOAP", async (kind, header) => {
  const received = await once({ kind, operation: "CreateFolder" }, create(`E${kind}`));
  expect(received.status).toBe(Number(kind));
  expect(received.headers[header]).toBeDefined();
  expect(received.body).not.toContain("Envelope");
  expect(has(`E${kind}`)).toBe(false);
});

test("Retry-After counts whole seconds, rounded up", async () => {
  expect((await once({ kind: "503", backOffMs: 1200 })).headers["retry-after"]).toBe("2");
});

test("a reset before leaves nothing done, one after leaves it done", async () => {
  await expect(once({ kind: "reset-before" }, create("F1"))).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(once({ kind: "reset-after" }, create("F2"))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect([has("F1"), has("F2")]).toEqual([false, true]);
});

test("a reset in the middle comes after the headers and a part of the body", async () => {
  await expect(once({ kind: "reset-mid-body" }, create("G1"))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(has("G1")).toBe(true);
  expect(lab.requests.at(-1)).toMatchObject({ status: 200 });
});

test("a truncated reply is complete for HTTP but not for XML", async () => {
  const received = await once({ kind: "truncate" });
  expect(received.status).toBe(200);
  expect(received.headers["content-length"]).toBe(String(Buffer.byteLength(received.body)));
  expect(received.body.startsWith("<?xml")).toBe(true);
  expect(() => received.xml()).toThrow();
});

test("illegal characters stand in names, and nowhere is the reply cut", async () => {
  const received = await once({ kind: "illegal-characters" });
  expect(received.body).toContain("<t:DisplayName>&#x0;&#x1F;&#11;Inbox</t:DisplayName>");
  expect(received.body.endsWith("</s:Envelope>")).toBe(true);
  expect(() => received.xml()).toThrow(/character/);
});

test("a late reply is a whole one, and closing the lab does not wait for it", async () => {
  expect(outcomes(await once({ kind: "delay", delayMs: 1 }))).toEqual(["Success NoError"]);
  const slow = await startSmallLab({ faults: [{ kind: "delay", delayMs: 600_000 }] });
  const waiting = call(slow, create("Slow"));
  const outcome = expect(waiting).rejects.toThrow();
  await expect.poll(() => slow.store.mailbox(anna)?.known("inbox").child("Slow")).toBeDefined();
  await slow.close();
  await outcome;
});

test("a fault for a mailbox follows impersonation", async () => {
  lab.addFault({ kind: "500", mailbox: anna });
  expect((await call(lab, folders("inbox"), { user: soc })).status).toBe(200);
  const header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${anna}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  expect((await call(lab, folders("inbox"), { user: soc, header })).status).toBe(500);
});

test("an operation with one response message can be busy as well", async () => {
  lab.addFault({ kind: "server-busy-item", operation: "GetUserOofSettings", backOffMs: 7 });
  const received = await call(
    lab,
    `<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>${anna}</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>`,
  );
  expect(received.xml().textAt("ResponseMessage", "ResponseCode")).toBe("ErrorServerBusy");
});
