import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type EwsOptions, openEws } from "../../src/ews/ews.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";

const soapNs = "http://schemas.xmlsoap.org/soap/envelope/";
const messagesNs = "http://schemas.microsoft.com/exchange/services/2006/messages";
const typesNs = "http://schemas.microsoft.com/exchange/services/2006/types";

/** One request as the server saw it. */
export interface Seen {
  /** Such as `GetItem`. */
  readonly operation: string;
  /** The Id attributes of the items and attachments it names, in their order. */
  readonly ids: readonly string[];
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** The server's treatment of one request. */
export type Reply =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string }
  | "reset"
  | "half"
  | "silence";

/** A server on loopback that answers as a test says. Everything it saw is in `seen`. */
export interface Scripted {
  readonly seen: readonly Seen[];
  readonly exchange: Exchange;
  readonly url: string;
  /** Returns the maximum number of concurrent requests so far. */
  most(): number;
  close(): Promise<void>;
}

/** `slowMs`: how long each answer takes, so that requests overlap. */
export async function scripted(
  answer: (request: Seen, count: number) => Reply,
  { slowMs = 0, ...options }: Partial<EwsOptions> & { readonly slowMs?: number } = {},
): Promise<Scripted> {
  const seen: Seen[] = [];
  let active = 0;
  let most = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = seenOf(Buffer.concat(chunks).toString("utf8"), request);
      seen.push(one);
      active += 1;
      most = Math.max(most, active);
      const reply = answer(one, seen.length);
      const finish = () => {
        active -= 1;
        send(response, reply);
      };
      if (slowMs === 0) finish();
      else setTimeout(finish, slowMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/EWS/Exchange.asmx`;
  const exchange = openEws({
    url,
    authorize: async () => ({ Authorization: "Basic dGVzdA==" }),
    access: "impersonation",
    defaultMailbox: "ann@example.com",
    ...options,
  });
  return {
    seen,
    exchange,
    url,
    most: () => most,
    async close() {
      await exchange.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function seenOf(body: string, request: IncomingMessage): Seen {
  const operation = /<s:Body><m:(\w+)/.exec(body)?.[1] ?? "";
  const ids = [...body.matchAll(/<t:(?:ItemId|AttachmentId) Id="([^"]*)"/g)].map(([, id]) => id ?? "");
  return { operation, ids, body, headers: request.headers };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply === "silence") return;
  if (reply === "reset") {
    response.socket?.destroy();
    return;
  }
  if (reply === "half") {
    response.writeHead(200, { "Content-Type": "text/xml; charset=utf-8", "Content-Length": "1000" });
    response.write("<s:Envelope", () => response.socket?.destroy());
    return;
  }
  response.writeHead(reply.status ?? 200, { "Content-Type": "text/xml; charset=utf-8", "request-id": "r-1", ...reply.headers });
  response.end(reply.body);
}

export function envelope(body: string): string {
  return (
    `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${soapNs}"><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" ` +
    `MajorBuildNumber="2562" MinorBuildNumber="17" Version="V2017_07_11" xmlns:h="${typesNs}"/></s:Header>` +
    `<s:Body xmlns:m="${messagesNs}" xmlns:t="${typesNs}">${body}</s:Body></s:Envelope>`
  );
}

/** A reply of the usual form: one response message after the other. */
export function replyOf(operation: string, messages: readonly string[]): Reply {
  return {
    body: envelope(`<m:${operation}Response><m:ResponseMessages>${messages.join("")}</m:ResponseMessages></m:${operation}Response>`),
  };
}

/** A response message of an error, or of a warning. */
export function errorMessage(
  operation: string,
  code: string,
  { backOffMs, kind = "Error" }: { backOffMs?: number; kind?: "Error" | "Warning" } = {},
): string {
  const xml = backOffMs === undefined ? "" : `<m:MessageXml><t:Value Name="BackOffMilliseconds">${backOffMs}</t:Value></m:MessageXml>`;
  return (
    `<m:${operation}ResponseMessage ResponseClass="${kind}"><m:MessageText>Something in any language.</m:MessageText>` +
    `<m:ResponseCode>${code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>${xml}</m:${operation}ResponseMessage>`
  );
}

/** A response message with an item of that id and subject. */
export function itemMessage(operation: string, id: string, inside = `<t:Subject>about ${id}</t:Subject>`): string {
  return (
    `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
    `<m:Items><t:Message><t:ItemId Id="${id}" ChangeKey="CK"/>${inside}</t:Message></m:Items></m:${operation}ResponseMessage>`
  );
}

export function fault(code: string, backOffMs?: number): Reply {
  const xml =
    backOffMs === undefined
      ? ""
      : `<t:MessageXml xmlns:t="${typesNs}"><t:Value Name="BackOffMilliseconds">${backOffMs}</t:Value></t:MessageXml>`;
  return {
    status: 500,
    body:
      `<s:Envelope xmlns:s="${soapNs}"><s:Body><s:Fault><faultcode xmlns:a="${typesNs}">a:${code}</faultcode>` +
      `<faultstring xml:lang="en-US">Words.</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">${code}</e:ResponseCode>` +
      `<e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">Words.</e:Message>${xml}</detail></s:Fault></s:Body></s:Envelope>`,
  };
}
