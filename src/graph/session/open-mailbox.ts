import type { Call } from "../../exchange/exchange.ts";
import type { RetryLimits } from "../../wire/throttling/backoff-delay.ts";
import type { RequestQueue } from "../../wire/throttling/request-queue.ts";
import { releaseTurnAtEnd } from "../../wire/throttling/turn-of-body.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import { openFolders } from "../folders/resolve-folder-path.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import { askEach, askOne } from "./batch.ts";
import type { GraphHttp } from "./graph-http.ts";
import type { GraphMailbox } from "./mailbox.ts";
import { pages } from "./paging.ts";
import { askRepeatedly, type RequestSender } from "./retry.ts";

/** What all mailboxes of one connection share. */
export interface Connection {
  readonly rest: GraphHttp;
  readonly schedule: RequestQueue;
  readonly limits: RetryLimits;
  readonly habits: UnpromisedBehaviour;
}

export function openMailbox(connection: Connection, address: string, call: Call = {}): GraphMailbox {
  const { rest, schedule, limits, habits } = connection;
  const asker: RequestSender = { rest, mailbox: address, call, schedule, key: address.toLowerCase(), limits, habits };
  let folders: Folders | undefined;
  const mailbox: GraphMailbox = {
    address,
    call,
    habits,
    get folders() {
      folders ??= openFolders(mailbox);
      return folders;
    },
    other: (otherAddress) => openMailbox(connection, otherAddress, call),
    during: (otherCall) => openMailbox(connection, address, otherCall),
    ask: (request, input) => askOne(request, input, asker),
    each: (request, inputs, options) => askEach(request, inputs, asker, options?.batchSize),
    pages: (request, input, from) => pages(request, input, asker, from),
    async stream(request, input) {
      const requested = request.write(input, habits);
      return askRepeatedly(asker, request.safety, async (turn) =>
        releaseTurnAtEnd((await rest.open(request, requested, address, call)).body, turn),
      );
    },
    elsewhere: (request, safety, to) =>
      askRepeatedly(asker, safety, async (turn) => {
        const reply = await rest.elsewhere(request, to, call);
        turn.end(true);
        return reply;
      }),
  };
  return mailbox;
}
