// One process of the attachment measurement: `server`, or a client that is `idle`, receives the bytes `unread`, or reads the content.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer, get } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openHttp } from "../src/wire/http/http-client.ts";
import { attribute, qname, readXmlStream, within } from "../src/wire/xml/read-xml.ts";
import { peakMiB } from "./peak.ts";

const messages = "http://schemas.microsoft.com/exchange/services/2006/messages";
const types = "http://schemas.microsoft.com/exchange/services/2006/types";
const soap = "http://schemas.xmlsoap.org/soap/envelope/";

/** Bytes of one line of 76 characters; complete lines need no padding. */
const lineBytes = 57;
const block = randomBytes(lineBytes * 1000);

/** Returns a reply to GetAttachment with a file of `bytes` bytes: in one line with the usual prefix, or in lines with another prefix. */
function reply(bytes: number, inLines: boolean): { body: Readable; sha256: string } {
  const p = inLines ? "ns0" : "t";
  const encode = (part: Buffer) => {
    const base64 = part.toString("base64");
    return Buffer.from(inLines ? base64.replace(/.{76}/g, "$&\r\n") : base64, "latin1");
  };
  const whole = encode(block);
  const last = block.subarray(0, bytes % block.length);
  const hash = createHash("sha256");
  const count = Math.floor(bytes / block.length);
  for (let i = 0; i < count; i++) hash.update(block);
  const body = Readable.from(
    (function* () {
      yield Buffer.from(
        `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${soap}"><s:Body><m:GetAttachmentResponse xmlns:m="${messages}" xmlns:${p}="${types}"><m:ResponseMessages><m:GetAttachmentResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Attachments><${p}:FileAttachment><${p}:AttachmentId Id="AAMk="/><${p}:Name>payload.bin</${p}:Name><${p}:Content>`,
      );
      for (let i = 0; i < count; i++) yield whole;
      yield encode(last);
      yield Buffer.from(
        `</${p}:Content></${p}:FileAttachment></m:Attachments></m:GetAttachmentResponseMessage></m:ResponseMessages></m:GetAttachmentResponse></s:Body></s:Envelope>`,
      );
    })(),
  );
  return { body, sha256: hash.update(last).digest("hex") };
}

function serve(): void {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    const { body, sha256 } = reply(Number(searchParams.get("mib")) * 1024 * 1024, searchParams.get("lines") === "1");
    response.writeHead(200, { "content-type": "text/xml; charset=utf-8", "x-sha256": sha256 });
    // A client that ends early ends its measurement as well.
    pipeline(body, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
}

async function unread(url: URL, path: string): Promise<void> {
  const [response] = await once(get(url), "response");
  await pipeline(response, createWriteStream(path));
}

async function read(url: URL, path: string): Promise<void> {
  const http = openHttp({ timeouts: { connectMs: 10_000, replyMs: 60_000, idleMs: 60_000 }, maxConnections: 1 });
  const response = await http.send({ url, method: "GET", headers: {} });
  const reader = within(qname(soap, "Body"), attribute("none"));
  const { content, value } = await readXmlStream(response.body, qname(soap, "Envelope"), reader, [qname(types, "Content")]);
  const hash = createHash("sha256");
  const file = createWriteStream(path);
  for await (const bytes of content ?? []) {
    hash.update(bytes);
    if (!file.write(bytes)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
  await value();
  http.close();
  if (hash.digest("hex") !== response.headers.get("x-sha256")) throw new Error("The content is not what was sent.");
}

const [role = "", url = "", path = ""] = process.argv.slice(2);
if (role === "server") serve();
else {
  const before = process.cpuUsage();
  await (role === "unread" ? unread(new URL(url), path) : read(new URL(url), path));
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpuMs: (user + system) / 1000, rssMiB: peakMiB() });
  process.disconnect?.();
}
