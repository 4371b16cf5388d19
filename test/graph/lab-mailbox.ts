import { afterEach } from "vitest";
import type { NewAttachment } from "../../src/exchange/attachment.ts";
import type { Call } from "../../src/exchange/exchange.ts";
import { openGraphHttp } from "../../src/graph/session/graph-http.ts";
import type { GraphMailbox } from "../../src/graph/session/mailbox.ts";
import { openMailbox } from "../../src/graph/session/open-mailbox.ts";
import { defaultBehaviour, type UnpromisedBehaviour } from "../../src/graph/unpromised.ts";
import { openHttp } from "../../src/wire/http/http-client.ts";
import { openRequestQueue } from "../../src/wire/throttling/request-queue.ts";

const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** One mailbox of a lab as the requests see it, with the token `strong`. */
export function labMailbox(graphUrl: string, address: string, call: Call = {}, behaviour: Partial<UnpromisedBehaviour> = {}): GraphMailbox {
  const http = openHttp({ timeouts: { connectMs: 5000, replyMs: 10_000, idleMs: 10_000 }, maxConnections: 4 });
  open.push(() => http.close());
  const signing = {
    ...http,
    send: (request: Parameters<typeof http.send>[0]) =>
      http.send({ ...request, headers: { ...request.headers, authorization: "Bearer strong" } }),
  };
  return openMailbox(
    {
      rest: openGraphHttp({ base: new URL(graphUrl), http: signing, anonymous: http, userAgent: "test" }),
      requestQueue: openRequestQueue(),
      limits: { maxWaitMs: 3000, maxConcurrency: 4, maxPerMailbox: 4, attempts: 4 },
      behaviour: { ...defaultBehaviour, ...behaviour },
    },
    address,
    call,
  );
}

export function file(name: string, bytes: Uint8Array, more: Partial<NewAttachment> = {}): NewAttachment {
  return {
    name,
    size: bytes.length,
    async *open() {
      yield bytes;
    },
    ...more,
  };
}
