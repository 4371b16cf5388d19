import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { openGraphHttp } from "../../src/graph/session/graph-http.ts";
import type { GraphMailbox } from "../../src/graph/session/mailbox.ts";
import { openMailbox } from "../../src/graph/session/open-mailbox.ts";
import { defaultBehaviour, type UnpromisedBehaviour } from "../../src/graph/unpromised.ts";
import { openHttp } from "../../src/wire/http/http-client.ts";
import { openRequestQueue } from "../../src/wire/throttling/request-queue.ts";

/** One request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers; undefined ends the connection without an answer. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Instead of JSON. */
  readonly text?: string;
}

export interface Scripted {
  readonly mailbox: GraphMailbox;
  readonly origin: string;
  readonly seen: readonly Seen[];
}

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** Graph as a function says it: for what no true server should answer. */
export async function scripted(
  answer: (seen: Seen, number: number) => Answer | undefined,
  behaviour: Partial<UnpromisedBehaviour> = {},
): Promise<Scripted> {
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(pieces).toString("utf8"),
      };
      seen.push(one);
      const said = answer(one, seen.length);
      if (said === undefined) {
        request.socket.destroy();
        return;
      }
      const { status = 200, headers = {}, json = {}, text = JSON.stringify(json) } = said;
      response
        .writeHead(status, { "content-type": "application/json", "request-id": "00000000-0000-4000-8000-000000000000", ...headers })
        .end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const http = openHttp({ timeouts: { connectMs: 2000, replyMs: 2000, idleMs: 2000 }, maxConnections: 4 });
  open.push(async () => {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const mailbox = openMailbox(
    {
      rest: openGraphHttp({ base: new URL(`${origin}/v1.0`), http, anonymous: http, userAgent: "test" }),
      requestQueue: openRequestQueue(),
      limits: { maxWaitMs: 3000, maxConcurrency: 4, maxPerMailbox: 4, attempts: 4 },
      behaviour: { ...defaultBehaviour, ...behaviour },
    },
    "ann@example.com",
  );
  return { mailbox, origin, seen };
}

/** The requests of a batch, as they came. */
export function stepsOf({ body }: Seen): readonly { readonly id: string; readonly method: string; readonly url: string }[] {
  const { requests } = JSON.parse(body) as { requests: { id: string; method: string; url: string }[] };
  return requests;
}
