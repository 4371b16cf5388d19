import { afterEach, describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/outcome.ts";
import { envelope, type Reply, replyOf, type Scripted, type Seen, scripted } from "../scripted-server.ts";

const servers: Scripted[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(answer: (request: Seen, count: number) => Reply, options: Parameters<typeof scripted>[1] = {}): Promise<Scripted> {
  const server = await scripted(answer, options);
  servers.push(server);
  return server;
}

async function only<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<Outcome<T>> {
  for await (const outcome of outcomes) return outcome;
  throw new Error("nothing came");
}

const errorsNs = "http://schemas.microsoft.com/exchange/services/2006/errors";
const faultOf = (code: string, message: string, values: Readonly<Record<string, string>>): Reply => ({
  status: 500,
  body: envelope(
    `<s:Fault><faultcode>a:x</faultcode><faultstring>x</faultstring><detail><e:ResponseCode xmlns:e="${errorsNs}">${code}</e:ResponseCode>` +
      `<e:Message xmlns:e="${errorsNs}">${message}</e:Message>${messageXml(values)}</detail></s:Fault>`,
  ),
});
const messageXml = (values: Readonly<Record<string, string>>) =>
  `<t:MessageXml>${Object.entries(values)
    .map(([name, text]) => `<t:Value Name="${name}">${text}</t:Value>`)
    .join("")}</t:MessageXml>`;
const messageOf = (operation: string, code: string, values: Readonly<Record<string, string>> = {}) =>
  `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>It failed.</m:MessageText><m:ResponseCode>${code}</m:ResponseCode>` +
  `<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${messageXml(values).replaceAll("t:MessageXml", "m:MessageXml")}</m:${operation}ResponseMessage>`;
const done = (id: string) =>
  `<m:GetItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Items><t:Message><t:ItemId Id="${id}"/>` +
  `<t:Subject>Hello</t:Subject></t:Message></m:Items></m:GetItemResponseMessage>`;
const get = (server: Scripted) => only(server.exchange.mailbox("bob@example.com").get(["a"], {}));

describe("white space around a response code", () => {
  const spaced = "\n      ErrorServerBusy\n    ";

  test("of a fault hides neither its meaning nor the wait", async () => {
    const server = await start(() => faultOf(spaced, "Busy.", { BackOffMilliseconds: " 297749 " }));
    expect(await get(server)).toMatchObject({ ok: false, failure: { code: "busy", wireCode: "ErrorServerBusy", backOffMs: 297_749 } });
    expect(server.seen).toHaveLength(1);
  });

  test("of a response message hides neither", async () => {
    const server = await start(() => replyOf("GetItem", [messageOf("GetItem", spaced, { BackOffMilliseconds: "297749" })]));
    expect(await get(server)).toMatchObject({ ok: false, failure: { code: "busy", wireCode: "ErrorServerBusy", backOffMs: 297_749 } });
  });

  test("of a stopped batch lets the rest be requested again", async () => {
    const stopped = messageOf("GetItem", " ErrorBatchProcessingStopped\n");
    const server = await start((_, count) => replyOf("GetItem", [count === 1 ? stopped : done("a")]));
    expect(await get(server)).toMatchObject({ ok: true, value: { subject: "Hello" } });
  });
});

describe("an error inside another", () => {
  const inner = { InnerErrorResponseCode: "\n ErrorQuotaExceededOnDelete ", InnerErrorMessageText: "The Recoverable Items are full." };

  test("is reported with its own meaning, in a response message and in a fault", async () => {
    const expected = {
      code: "quota-exceeded",
      wireCode: "ErrorQuotaExceededOnDelete",
      message: expect.stringMatching(/Recoverable Items are full.*inside ErrorInternalServerError/),
      hint: expect.stringContaining("Recoverable Items"),
    };
    for (const reply of [
      replyOf("GetItem", [messageOf("GetItem", "ErrorInternalServerError", inner)]),
      faultOf("ErrorInternalServerError", "It failed.", inner),
    ]) {
      expect(await get(await start(() => reply))).toMatchObject({ ok: false, failure: expected });
    }
  });

  test("does not make certain that nothing was done, where the one outside does not", async () => {
    const busy = { InnerErrorResponseCode: "ErrorServerBusy" };
    const server = await start(() => replyOf("MoveItem", [messageOf("MoveItem", "ErrorInternalServerError", busy)]));
    const moved = await only(server.exchange.mailbox("bob@example.com").move(["a"], { folder: "Inbox" }));
    expect(moved).toMatchObject({ ok: false, failure: { code: "unknown-outcome" } });
    expect(server.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  });

  test("that is not known leaves the one outside", async () => {
    const reply = replyOf("GetItem", [messageOf("GetItem", "ErrorItemNotFound", { InnerErrorResponseCode: "ErrorOfTomorrow" })]);
    expect(await get(await start(() => reply))).toMatchObject({ ok: false, failure: { wireCode: "ErrorItemNotFound" } });
  });
});

describe("a request that is too long for the web server", () => {
  const html = { "Content-Type": "text/html" };
  test.each([
    ["IIS says on its page", 404, "<html><h3>HTTP Error 404.13 - Not Found</h3><p>content length</p></html>", "maxAllowedContentLength"],
    ["ASP.NET says on its page", 500, "<html><title>Maximum request length exceeded.</title></html>", "maxRequestLength"],
  ])("is reported as too large where %s so, and as not done", async (_, status, body, words) => {
    const server = await start(() => ({ status, headers: html, body }));
    const failure = { code: "too-large", hint: expect.stringContaining(words) };
    expect(await get(server)).toMatchObject({ ok: false, failure });
    expect(await only(server.exchange.mailbox("bob@example.com").move(["a"], { folder: "Inbox" }))).toMatchObject({ ok: false, failure });
  });

  test("is recognised by its size if the page says nothing and EWS has replied there before", async () => {
    const server = await start((request) =>
      request.body.length > 30_000_000
        ? { status: 404, headers: html, body: "<h2>404 - File or directory not found.</h2>" }
        : replyOf("GetItem", [done("a")]),
    );
    const mailbox = server.exchange.mailbox("bob@example.com");
    const long = () => only(mailbox.get(["x".repeat(31_000_000)], {}));
    expect(await long()).toMatchObject({ ok: false, failure: { code: "unreachable" } });
    expect(await only(mailbox.get(["a"], {}))).toMatchObject({ ok: true });
    expect(await long()).toMatchObject({ ok: false, failure: { code: "too-large", wireCode: "HTTP 404.13" } });
  });

  test("is not read into a 404 or 500 of another kind, and an endless page is not waited for", async () => {
    const server = await start(() => ({ status: 404, headers: { ...html, "Content-Length": "100000" }, body: "<html>Not found" }));
    expect(await get(server)).toMatchObject({ ok: false, failure: { code: "unreachable", wireCode: "HTTP 404" } });
  });
});

describe("a page behind a whole envelope", () => {
  const page = "\n<!DOCTYPE html><html><body>&nbsp;<p>Runtime Error<br></body></html>\u0000";

  test("does not lose the content of the envelope, a result or a fault", async () => {
    const good = replyOf("GetItem", [done("a")]);
    const bad = faultOf("ErrorItemNotFound", "Gone.", {});
    const behind = (reply: Reply): Reply => (typeof reply === "string" ? reply : { ...reply, body: `${reply.body}${page}` });
    expect(await get(await start(() => behind(good)))).toMatchObject({ ok: true, value: { subject: "Hello" } });
    expect(await get(await start(() => behind(bad)))).toMatchObject({ ok: false, failure: { wireCode: "ErrorItemNotFound" } });
  });

  test("does not lose a content that is streamed, nor add to it", async () => {
    const mime = Buffer.from(`Subject: x\r\n\r\n${"body ".repeat(20_000)}`);
    const message =
      `<m:GetItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Items><t:Message>` +
      `<t:MimeContent CharacterSet="UTF-8">${mime.toString("base64")}</t:MimeContent><t:ItemId Id="a"/></t:Message></m:Items></m:GetItemResponseMessage>`;
    const reply = replyOf("GetItem", [message]);
    const server = await start(() => (typeof reply === "string" ? reply : { ...reply, body: `${reply.body}${page.repeat(5000)}` }));
    const content = await only(server.exchange.mailbox("bob@example.com").mime(["a"]));
    const pieces: Uint8Array[] = [];
    if (content.ok) for await (const piece of content.value.bytes) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(mime)).toBe(true);
  });

  test("in front of its end is still a broken reply", async () => {
    const reply = replyOf("GetItem", [done("a")]);
    const cut = typeof reply === "string" ? "" : reply.body.replace("</m:GetItemResponse>", page);
    expect(await get(await start(() => ({ body: cut })))).toMatchObject({ ok: false, failure: { code: "broken-reply" } });
  });
});

describe("ErrorInvalidExchangeImpersonationHeaderData", () => {
  const reply = faultOf("ErrorInvalidExchangeImpersonationHeaderData", "The header.", {});

  test("to a request that impersonates says to use delegate access", async () => {
    expect(await get(await start(() => reply))).toMatchObject({
      ok: false,
      failure: { code: "access-denied", hint: expect.stringContaining("access: delegate") },
    });
  });

  test("to a request that does not says to impersonate", async () => {
    expect(await get(await start(() => reply, { access: "delegate" }))).toMatchObject({
      ok: false,
      failure: { code: "mailbox-not-found", hint: expect.stringContaining("access: impersonation") },
    });
  });
});

test("a searchable mailbox without a ReferenceId, or without anything, does not fail the list", async () => {
  const mailbox = (inner: string) => `<t:SearchableMailbox>${inner}</t:SearchableMailbox>`;
  const body = envelope(
    `<m:GetSearchableMailboxesResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:SearchableMailboxes>` +
      mailbox("<t:PrimarySmtpAddress>ann@example.com</t:PrimarySmtpAddress><t:ReferenceId>/o=x</t:ReferenceId>") +
      mailbox("<t:PrimarySmtpAddress>bob@example.com</t:PrimarySmtpAddress><t:ReferenceId/>") +
      mailbox("<t:PrimarySmtpAddress>eve@example.com</t:PrimarySmtpAddress>") +
      mailbox("") +
      `</m:SearchableMailboxes></m:GetSearchableMailboxesResponse>`,
  );
  const { exchange } = await start(() => ({ body }));
  expect((await exchange.searchableMailboxes({})).mailboxes.map(({ mailbox, referenceId }) => [mailbox, referenceId])).toEqual([
    ["ann@example.com", "/o=x"],
    ["bob@example.com", undefined],
    ["eve@example.com", undefined],
    ["", undefined],
  ]);
});
