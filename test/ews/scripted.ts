import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fixedEndpoint } from "../../src/ews/session/endpoint.ts";
import type { EwsMailbox } from "../../src/ews/session/mailbox.ts";
import { openMailbox } from "../../src/ews/session/open-mailbox.ts";
import { openSoap } from "../../src/ews/session/soap.ts";
import type { Call } from "../../src/exchange/exchange.ts";
import { openHttp } from "../../src/wire/http/http-client.ts";
import { openRequestQueue } from "../../src/wire/throttling/request-queue.ts";

/** One request as the server got it. */
export interface Asked {
  readonly operation: string;
  readonly xml: string;
}

/** The inner XML of the SOAP body; or the connection is cut before an answer; or a page without SOAP is the answer. */
export type Answer = string | "cut" | { readonly status: number };

/** A server of one test's own making, on a real socket. */
export interface Scripted {
  readonly asked: Asked[];
  mailbox(call?: Call): EwsMailbox;
  close(): Promise<void>;
}

const envelope = (body: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>${body}</s:Body></s:Envelope>`;

export async function startScripted(answer: (asked: Asked) => Answer | Promise<Answer>): Promise<Scripted> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void respond(request, response);
  });
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const xml = Buffer.concat(pieces).toString("utf8");
    const operation = /<s:Body[^>]*><m:(\w+)/i.exec(xml)?.[1] ?? /Body[^>]*>\s*<m:(\w+)/.exec(xml)?.[1] ?? "?";
    const one = { operation, xml };
    asked.push(one);
    const said = withoutArchive(one, await answer(one));
    if (said === "cut") {
      request.socket.destroy();
      return;
    }
    if (typeof said !== "string") {
      response.writeHead(said.status, { "content-type": "text/html", location: "https://sign-in.example.com/" }).end("<html></html>");
      return;
    }
    response.writeHead(200, { "content-type": "text/xml; charset=utf-8" });
    response.end(envelope(said));
  }
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}/EWS/Exchange.asmx`);
  return {
    asked,
    mailbox: (call) => client.mailbox("ana@example.com", call),
    close: async () => {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A script that answers only for the folders of a mailbox has no archive: requests about an archive are refused as Exchange does. */
function withoutArchive({ operation, xml }: Asked, said: Answer): Answer {
  const isAsked = operation === "FindFolder" && xml.includes('"archivemsgfolderroot"');
  if (!isAsked || typeof said !== "string" || said === "cut" || said.split("<m:FindFolderResponseMessage ").length > 2) return said;
  const refusal = failure("FindFolder", "ErrorFolderNotFound");
  if (!xml.includes('"msgfolderroot"')) return reply("FindFolder", refusal);
  return said.replace("</m:ResponseMessages>", `${refusal}</m:ResponseMessages>`);
}

/** Mailboxes over one URL, by delegate access, with hardly any waiting. */
export function connect(url: string, credentials = "") {
  const http = openHttp({ timeouts: { connectMs: 5000, replyMs: 10_000, idleMs: 5000 }, maxConnections: 4 });
  const authorize = async (): Promise<Record<string, string>> =>
    credentials === "" ? {} : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
  const connection = {
    soap: openSoap({ endpoint: fixedEndpoint(new URL(url)), http, authorize, userAgent: "test" }),
    requestQueue: openRequestQueue(),
    access: "delegate" as const,
    connectingName: "SmtpAddress" as const,
    limits: { maxWaitMs: 20, maxConcurrency: 4, attempts: 3 },
  };
  return { mailbox: (address: string, call?: Call): EwsMailbox => openMailbox(connection, address, call), close: () => http.close() };
}

/** A reply with one response message for each part. */
export function reply(operation: string, ...messages: readonly string[]): string {
  return `<m:${operation}Response><m:ResponseMessages>${messages.join("")}</m:ResponseMessages></m:${operation}Response>`;
}

export function success(operation: string, inner = ""): string {
  return `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${inner}</m:${operation}ResponseMessage>`;
}

export function failure(operation: string, code: string): string {
  return `<m:${operation}ResponseMessage ResponseClass="Error"><m:MessageText>No.</m:MessageText><m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:${operation}ResponseMessage>`;
}

export interface ScriptedFolder {
  readonly id: string;
  readonly name: string;
  readonly parent?: string;
  readonly folderClass?: string;
  readonly distinguished?: string;
}

/** The answer to FindFolder. */
export function folderTree(folders: readonly ScriptedFolder[]): string {
  const listed = folders.map(
    ({ id, name, parent = "root", folderClass = "IPF.Note", distinguished }) =>
      `<t:Folder><t:FolderId Id="${id}"/><t:ParentFolderId Id="${parent}"/><t:FolderClass>${folderClass}</t:FolderClass><t:DisplayName>${name}</t:DisplayName><t:TotalCount>0</t:TotalCount>${distinguished ? `<t:DistinguishedFolderId>${distinguished}</t:DistinguishedFolderId>` : ""}</t:Folder>`,
  );
  const root = `<m:RootFolder IndexedPagingOffset="${folders.length}" TotalItemsInView="${folders.length}" IncludesLastItemInRange="true"><t:Folders>${listed.join("")}</t:Folders></m:RootFolder>`;
  return reply("FindFolder", success("FindFolder", root));
}

/** One page of one folder, as a response message of FindItem. */
export function page(items: readonly string[], about: { readonly next?: number; readonly total?: number; readonly last: boolean }): string {
  const next = about.next === undefined ? "" : ` IndexedPagingOffset="${about.next}"`;
  const total = about.total === undefined ? "" : ` TotalItemsInView="${about.total}"`;
  return success(
    "FindItem",
    `<m:RootFolder${next}${total} IncludesLastItemInRange="${about.last}"><t:Items>${items.join("")}</t:Items></m:RootFolder>`,
  );
}

/** The folders that a FindItem names, in its order. */
export function foldersOf({ xml }: Asked): string[] {
  const parents = /<m:ParentFolderIds>(.*?)<\/m:ParentFolderIds>/s.exec(xml)?.[1] ?? "";
  return [...parents.matchAll(/FolderId Id="([^"]*)"/g)].map(([, id = ""]) => id);
}

/** The ids that a request names. */
export function idsOf({ xml }: Asked): string[] {
  return [...xml.matchAll(/<t:ItemId Id="([^"]*)"/g)].map(([, id = ""]) => id);
}

export function offsetOf({ xml }: Asked): { offset: number; size: number } {
  return { offset: Number(/Offset="(\d+)"/.exec(xml)?.[1]), size: Number(/MaxEntriesReturned="(\d+)"/.exec(xml)?.[1]) };
}

export interface ScriptedMessage {
  readonly id: string;
  /** Seconds after the first of January 2026. */
  readonly at?: number;
  readonly subject?: string;
  readonly from?: string;
  readonly messageId?: string;
  readonly folder?: string;
  /** Further XML, in schema order after From and before the rest. */
  readonly more?: string;
}

/** Writes a message element as FindItem and GetItem return it. */
export function messageXml({
  id,
  at,
  subject = id,
  from = "sender@example.net",
  messageId,
  folder = "inbox",
  more = "",
}: ScriptedMessage): string {
  const received =
    at === undefined ? "" : `<t:DateTimeReceived>${new Date(Date.UTC(2026, 0, 1, 0, 0, at)).toISOString()}</t:DateTimeReceived>`;
  return `<t:Message><t:ItemId Id="${id}" ChangeKey="ck-${id}"/><t:ParentFolderId Id="${folder}"/><t:Subject>${subject}</t:Subject>${received}<t:From><t:Mailbox><t:Name>${from}</t:Name><t:EmailAddress>${from}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:From>${messageId === undefined ? "" : `<t:InternetMessageId>${messageId}</t:InternetMessageId>`}${more}</t:Message>`;
}

/** Answers FindItem over fixed folders: respects offsets and sizes, and returns each folder in its given order, which is newest first. */
export function findIn(folders: Readonly<Record<string, readonly ScriptedMessage[]>>, asked: Asked): string {
  const { offset, size } = offsetOf(asked);
  const messages = foldersOf(asked).map((folder) => {
    const all = folders[folder];
    if (!all) return failure("FindItem", "ErrorFolderNotFound");
    const some = all.slice(offset, offset + size);
    const next = offset + some.length;
    return page(
      some.map((message) => messageXml({ ...message, folder })),
      { next, total: all.length, last: next >= all.length },
    );
  });
  return reply("FindItem", ...messages);
}
