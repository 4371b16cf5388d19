import type { Call } from "../../exchange/exchange.ts";
import type { RetryLimits } from "../../wire/throttling/backoff-delay.ts";
import type { RequestQueue } from "../../wire/throttling/request-queue.ts";
import { releaseTurnAtEnd } from "../../wire/throttling/turn-of-body.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import { openFolders } from "../folders/resolve-folder-path.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import { requestEach, requestOne } from "./batch.ts";
import type { GraphHttp } from "./graph-http.ts";
import type { GraphMailbox } from "./mailbox.ts";
import { pages } from "./paging.ts";
import { type RequestSender, requestWithRetry } from "./retry.ts";

/** What all mailboxes of one connection share. */
export interface Connection {
  readonly rest: GraphHttp;
  readonly requestQueue: RequestQueue;
  readonly limits: RetryLimits;
  readonly behaviour: UnpromisedBehaviour;
}

export function openMailbox(connection: Connection, address: string, call: Call = {}): GraphMailbox {
  const { rest, requestQueue, limits, behaviour } = connection;
  const sender: RequestSender = { rest, mailbox: address, call, requestQueue, key: address.toLowerCase(), limits, behaviour };
  let folders: Folders | undefined;
  const mailbox: GraphMailbox = {
    address,
    call,
    behaviour,
    get folders() {
      folders ??= openFolders(mailbox);
      return folders;
    },
    other: (otherAddress) => openMailbox(connection, otherAddress, call),
    during: (otherCall) => openMailbox(connection, address, otherCall),
    ask: (request, input) => requestOne(request, input, sender),
    each: (request, inputs, options) => requestEach(request, inputs, sender, options?.batchSize),
    pages: (request, input, from) => pages(request, input, sender, from),
    async stream(request, input) {
      const requested = request.write(input, behaviour);
      return requestWithRetry(sender, request.safety, async (turn) =>
        releaseTurnAtEnd((await rest.open(request, requested, address, call)).body, turn),
      );
    },
    requestWithoutToken: (request, safety, to) =>
      requestWithRetry(sender, safety, async (turn) => {
        const reply = await rest.requestWithoutToken(request, to, call);
        turn.end(true);
        return reply;
      }),
  };
  return mailbox;
}
