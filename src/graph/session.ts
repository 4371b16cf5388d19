import type { Call } from "../exchange/exchange.ts";
import type { Outcome } from "../outcome.ts";
import type { Limits } from "../wire/backoff.ts";
import { held } from "../wire/held.ts";
import type { Safety } from "../wire/repetition.ts";
import type { Schedule } from "../wire/schedule.ts";
import { askEach, askOne } from "./batch.ts";
import { type Folders, openFolders } from "./folders.ts";
import type { Habits } from "./habits.ts";
import type { JsonObject } from "./json.ts";
import { type Page, pages } from "./paging.ts";
import { type Asker, askRepeatedly } from "./repeat.ts";
import type { Request } from "./request.ts";
import type { Elsewhere, Named, Rest } from "./rest.ts";

/** One mailbox as the requests see it: how to ask, and its folders. Back-off, safe repetition and cancellation are done inside. */
export interface GraphMailbox {
  /** Its address, user principal name or object id. */
  readonly address: string;
  readonly call: Call;
  readonly folders: Folders;
  /** What of the service is promised nowhere, as this connection takes it. */
  readonly habits: Habits;
  /** Another mailbox over the same connection, with the same call. */
  other(address: string): GraphMailbox;
  /** The same mailbox during another call: with other cancellation, time-out or progress. */
  during(call: Call): GraphMailbox;
  /** Asks one thing. Throws Failure. */
  ask<In, Out>(request: Request<In, Out>, input: In): Promise<Out>;
  /**
   * Asks for many things, 20 in a request: as many Outcomes as inputs, in their order. With one input it is the request itself. Throws only when
   * cancelled.
   */
  each<In, Out>(request: Request<In, Out>, inputs: readonly In[], options?: { readonly batchSize?: number }): AsyncIterable<Outcome<Out>>;
  /** The pages of a list, from its first or from a link on. Throws Failure. */
  pages<In, P extends Page<unknown>>(request: Request<In, P>, input: In, from?: string): AsyncGenerator<P, void, undefined>;
  /** Asks for bytes (`$value`); what `read` makes of a reply is not used. Throws Failure until they begin. They must be read to their end. */
  stream<In>(request: Request<In, unknown>, input: In): Promise<AsyncIterable<Uint8Array>>;
  /** Asks a place that the server named, such as an upload URL, without our token. Throws Failure. */
  elsewhere(request: Named, safety: Safety, to: Elsewhere): Promise<JsonObject>;
}

/** What all mailboxes of one connection share. */
export interface Connection {
  readonly rest: Rest;
  readonly schedule: Schedule;
  readonly limits: Limits;
  readonly habits: Habits;
}

export function openMailbox(connection: Connection, address: string, call: Call = {}): GraphMailbox {
  const { rest, schedule, limits, habits } = connection;
  const asker: Asker = { rest, mailbox: address, call, schedule, key: address.toLowerCase(), limits, habits };
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
      const asked = request.write(input, habits);
      return askRepeatedly(asker, request.safety, async (turn) => held((await rest.open(request, asked, address, call)).body, turn));
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
