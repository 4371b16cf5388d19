import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { anna, call, envelope, expectValidReplies, faultCode, outcomes, startSmallLab } from "./soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const inbox = `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`;
const version = (name: string): string => `<t:RequestServerVersion Version="${name}"/>`;

test("a reply names the server's version and keeps a fault without it", async () => {
  const good = await call(lab, inbox);
  expect(good.headers["content-type"]).toBe("text/xml; charset=utf-8");
  expect(good.body).toContain(`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562"`);
  expect((await call(lab, inbox, { header: version("Exchange2525") })).body).not.toContain("ServerVersionInfo");
});

test("another product can be practised on", async () => {
  const old = await startSmallLab({ version: "Exchange2013" });
  expect((await call(old, inbox)).body).toContain(`MajorVersion="15" MinorVersion="0" MajorBuildNumber="1497"`);
  await old.close();
});

test.each(["Exchange2007_SP1", "Exchange2013_SP1", "Exchange2016", "V2017_07_11"])("version %s is accepted", async (name) => {
  expect((await call(lab, inbox, { header: version(name) })).status).toBe(200);
});

test("an unknown version is a fault", async () => {
  expect(faultCode(await call(lab, inbox, { header: version("Exchange2525") }))).toBe("ErrorInvalidServerVersion");
});

test("an operation newer than the requested version is a fault", async () => {
  const operation = "<m:GetSearchableMailboxes/>";
  expect(faultCode(await call(lab, operation, { header: version("Exchange2010_SP2") }))).toBe("ErrorIncorrectSchemaVersion");
  expect((await call(lab, operation, { header: version("Exchange2013") })).status).toBe(200);
});

test.each([
  ["an unknown operation", "<m:GetCoffee/>"],
  ["an operation in the wrong namespace", "<t:GetFolder/>"],
  ["an empty body", ""],
  ["two operations in one body", inbox + inbox],
])("%s is a fault with status 500", async (_, operation) => {
  const received = await call(lab, operation);
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorInvalidRequest"]);
  expect(received.xml().textAt("faultcode")).toBe("a:ErrorInvalidRequest");
});

test("a request that the schema refuses says where", async () => {
  const received = await call(lab, inbox.replace("<m:FolderShape>", "\n<m:FolderShape>").replace("IdOnly", "Everything"));
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorSchemaValidation"]);
  const detail = received.xml().at("detail", "MessageXml");
  expect(detail?.textAt("LineNumber")).toBe("2");
  expect(Number(detail?.textAt("LinePosition"))).toBeGreaterThan(1);
  expect(detail?.textAt("Violation")).toContain("Everything");
  expect(received.xml().textAt("faultstring")).toContain("The request failed schema validation: ");
});

test("prefixes mean nothing, namespaces all", async () => {
  const raw =
    `<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/messages"><E:Body>` +
    `<t:GetFolder><t:FolderShape><BaseShape xmlns="http://schemas.microsoft.com/exchange/services/2006/types">IdOnly</BaseShape></t:FolderShape>` +
    `<t:FolderIds><m:DistinguishedFolderId xmlns:m="http://schemas.microsoft.com/exchange/services/2006/types" Id="inbox"/></t:FolderIds></t:GetFolder>` +
    `</E:Body></E:Envelope>`;
  expect(outcomes(await call(lab, "", { raw }))).toEqual(["Success NoError"]);
  expect((await call(lab, "", { raw: raw.replace("2006/messages", "2007/messages") })).status).toBe(500);
});

test.each([
  ["text that is no XML", "hello", 400],
  ["an empty body", "", 400],
  ["an envelope that ends early", envelope(inbox).slice(0, 100), 400],
  ["an operation that ends early", envelope(inbox).slice(0, -80), 500],
  ["a mismatched end tag in the operation", envelope(inbox).replace("</m:FolderShape>", "</m:FolderShade>"), 500],
  ["a reference to a character that XML forbids", envelope(inbox.replace("IdOnly", "IdOnly&#x1F;")), 500],
  ["an undeclared entity", envelope(inbox.replace("IdOnly", "&who;")), 500],
  ["an undeclared prefix", envelope(inbox.replace("t:BaseShape", "q:BaseShape")), 500],
])("%s is refused", async (_, raw, status) => {
  const received = await call(lab, "", { raw });
  expect(received.status).toBe(status);
  if (status === 500) expect(faultCode(received)).toBe("ErrorSchemaValidation");
});

test("a document type is refused, and with it every entity bomb", async () => {
  const raw = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${envelope(inbox)
    .replace(/^<\?xml.*?\?>/, "")
    .replace("IdOnly", "&b;")}`;
  expect((await call(lab, "", { raw })).status).toBe(400);
});

test("XML nested without end is refused, not followed", async () => {
  expect((await call(lab, "<m:a>".repeat(100_000))).status).toBe(500);
});

test("a BOM and UTF-16 are read", async () => {
  expect((await call(lab, "", { raw: `\uFEFF${envelope(inbox)}` })).status).toBe(200);
  const wide = Buffer.from(`\uFEFF${envelope(inbox).replace(/^<\?xml.*?\?>/, "")}`, "utf16le");
  expect((await call(lab, "", { raw: wide })).status).toBe(200);
});

test("a body that is not text/xml is refused with 415", async () => {
  expect((await call(lab, inbox, { headers: { "Content-Type": "application/json" } })).status).toBe(415);
  expect((await call(lab, inbox, { headers: { "Content-Type": "application/soap+xml; charset=utf-8" } })).status).toBe(415);
});

test("GET returns a page after a sign-in", async () => {
  const received = await call(lab, "", { method: "GET" });
  expect(received.status).toBe(200);
  expect(received.body).toContain("not Exchange");
  expect((await call(lab, "", { method: "GET", user: "nobody" })).status).toBe(401);
  expect((await call(lab, "", { method: "DELETE" })).status).toBe(405);
});

test("another path is not found, the right one ignores case", async () => {
  const elsewhere = { ...lab, ewsUrl: `${lab.url}/owa` };
  expect((await call(elsewhere, inbox)).status).toBe(404);
  expect((await call({ ...lab, ewsUrl: `${lab.url}/ews/exchange.ASMX` }, inbox)).status).toBe(200);
});

test("client-request-id is returned on request, and a new request-id always", async () => {
  const asked = await call(lab, inbox, { headers: { "client-request-id": "abc-1", "return-client-request-id": "true" } });
  const unasked = await call(lab, inbox, { headers: { "client-request-id": "abc-2" } });
  expect(asked.headers["client-request-id"]).toBe("abc-1");
  expect(unasked.headers["client-request-id"]).toBeUndefined();
  expect(asked.headers["request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(unasked.headers["request-id"]).not.toBe(asked.headers["request-id"]);
  expect(lab.requests.at(-1)?.requestId).toBe(unasked.headers["request-id"]);
});

test("the log tells operation, anchor mailbox, status and sizes", async () => {
  await call(lab, inbox, { headers: { "X-AnchorMailbox": anna } });
  const logged = lab.requests.at(-1);
  expect(logged).toMatchObject({
    method: "POST",
    operation: "GetFolder",
    anchorMailbox: anna,
    status: 200,
    bytesIn: envelope(inbox).length,
  });
  expect(logged?.bytesOut).toBeGreaterThan(500);
  expect(logged?.requestBody).toBe(envelope(inbox));
  expect(logged?.replyBody).toContain("GetFolderResponse");
});

/** A request whose body is given as it came over the wire. */
function rawBody(
  headers: Record<string, string>,
  agent?: Agent,
): Promise<{ headers: Record<string, unknown>; body: Buffer; socket: number | undefined }> {
  return new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(`${anna}:anna-secret`).toString("base64")}`;
    const request = httpRequest(
      lab.ewsUrl,
      { method: "POST", agent, headers: { "Content-Type": "text/xml", Authorization: authorization, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        const socket = request.socket?.localPort;
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks), socket }));
      },
    );
    request.on("error", reject);
    request.end(envelope(inbox));
  });
}

test("a reply is compressed only for clients that accept it", async () => {
  const packed = await rawBody({ "Accept-Encoding": "gzip, deflate" });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(packed.body).toString()).toContain("GetFolderResponse");
  const plain = await rawBody({});
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toContain("GetFolderResponse");
});

test("one connection serves many requests", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = await rawBody({}, agent);
  const second = await rawBody({}, agent);
  expect(second.socket).toBe(first.socket);
  agent.destroy();
});

test("a client that goes away in the middle of its request leaves the lab working", async () => {
  const url = new URL(lab.ewsUrl);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(url.port), url.hostname, () => {
      const authorization = Buffer.from(`${anna}:anna-secret`).toString("base64");
      socket.write(
        `POST ${url.pathname} HTTP/1.1\r\nHost: lab\r\nAuthorization: Basic ${authorization}\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<a>`,
      );
      socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
  });
  expect((await call(lab, inbox)).status).toBe(200);
});

test("closing ends connections that are open", async () => {
  const closing = await startSmallLab();
  const url = new URL(closing.ewsUrl);
  const ended = new Promise<void>((resolve) => {
    const socket = connect(Number(url.port), url.hostname, () => void closing.close());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  await ended;
  await expect(call(closing, inbox)).rejects.toThrow();
});
