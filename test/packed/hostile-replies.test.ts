import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, start } from "../built.ts";

// The installed command line, over real sockets, against servers that mean harm.

const deep = 100_000;
const many = 200_000;
/** Megabytes of memory that a process may take in all: some 80 are Node.js and the program. */
const mostMegabytes = 400;

let built: Built;
const root = mkdtempSync(join(tmpdir(), "mailcordon-hostile-"));
/** Says at the end how much memory the process took. */
const hook = join(root, "hook.cjs");
beforeAll(() => {
  built = build();
  const tell = 'require("node:fs").writeSync(2, "\\nRSS " + process.resourceUsage().maxRSS + "\\n")';
  writeFileSync(hook, `process.on("exit", () => ${tell});`);
});
afterAll(() => rmSync(root, { recursive: true }));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Writes the reply to each request, after its head has arrived; it may never end. */
type Hostile = (socket: Socket, request: string) => void | Promise<void>;

async function hostileServer(answer: Hostile): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let request = "";
    socket.on("data", (data) => {
      request += data.toString("latin1");
      const end = request.indexOf("\r\n\r\n") + 4;
      if (end < 4 || request.length < end + Number(/content-length: (\d+)/i.exec(request)?.[1] ?? 0)) return;
      void answer(socket, request);
      request = "";
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** Runs one action, and returns its only document after the checks that hold for every end. */
async function run(words: readonly string[], environment: Readonly<Record<string, string>>) {
  const { code, out, err } = await start(process.execPath, ["-r", hook, built.program, ...words], environment, root).ended;
  expect(err).not.toMatch(/RangeError|FATAL|heap out of memory|at .*\.cjs:/);
  expect(Number(/RSS (\d+)/.exec(err)?.[1]) / 1024).toBeLessThan(mostMegabytes);
  const documents = out.trim().split("\n");
  expect(documents).toHaveLength(1);
  return { code, answer: JSON.parse(documents[0] ?? "") };
}

const reply =
  (type: string, body: string): Hostile =>
  (socket) => {
    socket.end(
      `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
const envelope = (body: string) =>
  `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
const ewsNames =
  'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"';
const listed = (operation: string, list: string, rows: readonly string[]) =>
  envelope(
    `<m:${operation}Response ${ewsNames}><m:ResponseMessages><m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
      `<m:RootFolder TotalItemsInView="${rows.length}" IncludesLastItemInRange="true"><t:${list}>${rows.join("")}</t:${list}></m:RootFolder>` +
      `</m:${operation}ResponseMessage></m:ResponseMessages></m:${operation}Response>`,
  );
const nested = (open: string, close: string) => `${open.repeat(deep)}${close.repeat(deep)}`;

/** Writes the same piece again and again, as fast as it is read. */
const endless =
  (head: string, piece: string): Hostile =>
  (socket) => {
    socket.write(head);
    const more = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", more);
    more();
  };
/** Writes a piece ten times a second. */
const trickle =
  (head: string, piece: string): Hostile =>
  (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), 100);
    socket.on("close", () => clearInterval(timer));
  };
const head = (type: string) => `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`;

const types = { ews: "text/xml; charset=utf-8", graph: "application/json" } as const;
const begins = {
  ews: '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>',
  graph: '{"value":[',
} as const;
const limits = { MAILCORDON_TOTAL_SECONDS: "3", MAILCORDON_REPLY_SECONDS: "3", MAILCORDON_MAX_REPLY_MEGABYTES: "16" };

describe.each(backends)("a hostile server over %s ends in one true answer, in bounded memory:", (backend) => {
  const type = types[backend];
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const search = async (answer: Hostile, more: Readonly<Record<string, string>> = limits) => {
    const url = await hostileServer(answer);
    const places = { ewsUrl: `${url}/EWS/Exchange.asmx`, graphUrl: `${url}/v1.0` };
    return await run(["search-emails-extended", "--folder", "inbox", "--limit", "5"], { ...environmentOf(places, backend), ...more });
  };

  test.each([
    ["elements or objects", backend === "ews" ? nested("<a>", "</a>") : nested('{"a":', "}").replace("}", "1}")],
    ["what is never closed", backend === "ews" ? "<a>".repeat(deep) : '[{"a":'.repeat(deep)],
    ["lists", backend === "ews" ? nested('<t:Items xmlns:t="urn:t">', "</t:Items>") : `{"value":${nested("[", "]")}}`],
  ])("100,000 levels of %s", async (_, body) => {
    const { answer } = await search(reply(type, backend === "ews" ? envelope(body) : body));
    expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
  });

  const folder = {
    ews: '<t:Folder><t:FolderId Id="AAAA" ChangeKey="CQ"/><t:ParentFolderId Id="BBBB"/><t:DisplayName>Inbox</t:DisplayName></t:Folder>',
    graph: '{"id":"A","displayName":"Inbox","parentFolderId":"B","childFolderCount":0,"totalItemCount":5}',
  }[backend];
  const message = { ews: '<t:Message><t:ItemId Id="AAAA" ChangeKey="CQ"/></t:Message>', graph: '{"id":"A","subject":"s"}' }[backend];
  test("200,000 messages where five were requested: five are returned, and that there are more", async () => {
    const messages = Array.from({ length: many }, (_, at) => message.replace(/A+(?=")/, `A${at.toString().padStart(7, "0")}`));
    const answerTo = (request: string) => {
      if (backend === "graph") {
        if (/^GET \S*\/mailFolders\/\w+\?/.test(request)) return folder;
        return `{"value":[${request.includes("/messages") ? messages.join(",") : folder}]}`;
      }
      if (request.includes("<m:FindItem ")) return listed("FindItem", "Items", messages);
      if (request.includes("<m:FindFolder ")) return listed("FindFolder", "Folders", [folder]);
      return envelope(
        `<m:GetFolderResponse ${ewsNames}><m:ResponseMessages><m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
          `<m:Folders>${folder}</m:Folders></m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse>`,
      );
    };
    let lists = 0;
    const { answer } = await search((socket, request) => {
      if (/<m:FindItem |^GET \S*\/messages/.test(request)) lists += 1;
      return reply(type, answerTo(request))(socket, request);
    }, {});
    expect(lists).toBeGreaterThan(0);
    expect(answer).toMatchObject({ success: true, items: { length: 5 }, truncated: true });
  });

  test("200,000 folders", async () => {
    const folders = Array.from({ length: many }, () => folder);
    const body = backend === "graph" ? `{"value":[${folders.join(",")}]}` : listed("FindFolder", "Folders", folders);
    const { answer } = await search(reply(type, body), {});
    expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
  });

  test.each<[string, Hostile, string]>([
    ["a body that trickles", trickle(head(type) + chunk(begins[backend]), chunk(" ")), "timeout"],
    ["a body that never ends", endless(head(type) + chunk(begins[backend]), chunk(" ".repeat(65_536))), "broken-reply"],
    ["a head that never ends", endless("HTTP/1.1 200 OK\r\n", `X-A: ${"a".repeat(1000)}\r\n`), "broken-reply"],
    ["a head that trickles", trickle("HTTP/1.1 200 OK\r\n", "X: 1\r\n"), "timeout"],
    ["a header that never ends", endless("HTTP/1.1 200 OK\r\nX-A: ", "a".repeat(65_536)), "broken-reply"],
    ["endless interim replies", endless("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)), "timeout"],
  ])("%s", async (_, answers, expected) => {
    const { answer } = await search(answers);
    expect(answer).toMatchObject({ success: false, error: { code: expected } });
  });
});

describe.each(backends)("a hostile message over %s ends in one answer that lists the unread parts, in bounded memory:", (backend) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await openLabHost({}, backend);
  });
  afterAll(() => host.close());

  const multiparts = Array.from({ length: deep }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`).join("");
  test.each([
    ["multiparts", `Subject: deep\r\nMIME-Version: 1.0\r\n${multiparts}\r\nend`],
    [
      "attached messages",
      `Subject: deep\r\nMIME-Version: 1.0\r\n${"Content-Type: message/rfc822\r\n\r\n".repeat(deep)}Subject: end\r\n\r\nend`,
    ],
  ])("100,000 levels of %s", async (name, eml) => {
    const id = `<deep.${name.length}@mailer.example.net>`;
    host.put("soc@example.com", {
      internetMessageId: id,
      subject: "deep",
      attachments: [{ kind: "file", name: "smime.p7m", contentType: "multipart/signed", content: Buffer.from(eml) }],
    });
    const { answer } = await run(
      ["get-attachments", "--internet-message-id", id, "--out", join(root, `out-${backend}-${name.length}`)],
      environmentOf(host.lab, backend),
    );
    // The attachment itself is kept in both cases; its content is reported as incomplete.
    expect(answer.results).toContainEqual(expect.objectContaining({ name: "smime.p7m", size: eml.length, status: "done" }));
    const failed = expect.objectContaining({ status: "failed", error: expect.objectContaining({ code: "too-large" }) });
    if (name === "multiparts")
      expect(answer).toMatchObject({ success: false, incomplete: true, results: expect.arrayContaining([failed]) });
    else expect(answer).toMatchObject({ truncated: true, counts: { requested: 5 } });
  });
});
