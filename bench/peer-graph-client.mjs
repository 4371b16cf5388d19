// @microsoft/microsoft-graph-client doing what the bench asks. usage: peer-graph-client.mjs URL TOKEN MAILBOX oof|search|mime|attachment [N | MESSAGE-ID FILE]
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import graph from "@microsoft/microsoft-graph-client";

const [url = "", token = "", mailbox = "", what, rest = "", path = ""] = process.argv.slice(2);

/** The client's own sends tokens over https only. */
class Authorization {
  async execute(context) {
    context.options.headers = { ...context.options.headers, Authorization: `Bearer ${token}` };
    await this.next.execute(context);
  }
  setNext(next) {
    this.next = next;
  }
}

// The chain that the client makes by default, in its order.
const chain = [
  new Authorization(),
  new graph.RetryHandler(new graph.RetryHandlerOptions()),
  new graph.RedirectHandler(new graph.RedirectHandlerOptions()),
  new graph.TelemetryHandler(),
  new graph.HTTPMessageHandler(),
];
for (const [index, middleware] of chain.slice(0, -1).entries()) middleware.setNext(chain[index + 1]);
const client = graph.Client.initWithMiddleware({ baseUrl: new URL("/", url).href, defaultVersion: "v1.0", middleware: chain[0] });
const user = `/users/${mailbox}`;

// The properties that mailcordon requests.
const fields = [
  "id",
  "changeKey",
  "internetMessageId",
  "conversationId",
  "parentFolderId",
  "subject",
  "sender",
  "from",
  "receivedDateTime",
  "sentDateTime",
  "createdDateTime",
  "lastModifiedDateTime",
  "importance",
  "isRead",
  "isDraft",
  "categories",
  "hasAttachments",
  "webLink",
];
const sizeAndClass = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08' or id eq 'String 0x001A')";

if (what === "oof") {
  console.log((await client.api(`${user}/mailboxSettings/automaticRepliesSetting`).get()).status);
} else if (what === "search") {
  // 1000 is the most that Graph gives in one page.
  const query = client
    .api(`${user}/mailFolders/inbox/messages`)
    .select(fields)
    .expand(sizeAndClass)
    .orderby("receivedDateTime desc")
    .top(1000);
  const wanted = Number(rest);
  const found = [];
  const pages = new graph.PageIterator(client, await query.get(), (message) => found.push(message) < wanted);
  await pages.iterate();
  console.log(JSON.stringify(found));
} else if (what === "mime") {
  await keep(`${await messageUrl()}/$value`);
} else if (what === "attachment") {
  const message = await messageUrl();
  const attachments = await client.api(`${message}/attachments`).select("id,name,contentType,size").get();
  await keep(`${message}/attachments/${attachments.value[0].id}/$value`);
}

async function messageUrl() {
  const found = await client.api(`${user}/messages`).filter(`internetMessageId eq '${rest}'`).select("id").get();
  return `${user}/messages/${found.value[0].id}`;
}

/** Into a file, with the hashes that ours gives. */
async function keep(content) {
  const hashes = ["md5", "sha1", "sha256"].map((name) => createHash(name));
  async function* hashed(bytes) {
    for await (const chunk of bytes) {
      for (const hash of hashes) hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(Readable.fromWeb(await client.api(content).getStream()), hashed, createWriteStream(path));
  console.log(hashes[2].digest("hex"));
}
