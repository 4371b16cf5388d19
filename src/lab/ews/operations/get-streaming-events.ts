import { textEl } from "../../xml.ts";
import { streamedXml } from "../notification-xml.ts";
import { type Content, ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { subscriptionNamed } from "../subscription-access.ts";
import { eventsOf, type Subscription } from "../subscriptions.ts";

/** A stream without events sends a StatusEvent after so long, as Exchange does about every 45 seconds. Milliseconds. */
const heartbeat = 45_000;

const status = (open: boolean): string => textEl("m:ConnectionStatus", open ? "OK" : "Closed");

function idsIn({ request }: RequestContext): readonly string[] {
  return (request.child("SubscriptionIds")?.children ?? []).map(({ text }) => text.trim());
}

/** The subscriptions of a request. Throws ItemError `ErrorInvalidSubscription` if one is missing, ended, of another account or of pulls. */
function subscriptionsOf(context: RequestContext): readonly Subscription[] {
  return idsIn(context).map((id) => {
    const found = subscriptionNamed(id, context);
    if (!found.isStreaming) throw new ItemError("ErrorInvalidSubscription", "The subscription is not one of streaming notifications.");
    return found;
  });
}

/** An error names the subscriptions and closes the stream: a client that saw an open one would wait for nothing. */
function closedBy(context: RequestContext, error: ItemError): Content {
  const ids = idsIn(context).map((id) => textEl("t:SubscriptionId", id));
  const empty = `<m:ErrorSubscriptionIds>${ids.join("")}</m:ErrorSubscriptionIds>${status(false)}`;
  const fail = (): never => {
    throw error;
  };
  return responses("GetStreamingEvents", [fail], context, { empty });
}

function found(context: RequestContext): readonly Subscription[] | ItemError {
  try {
    return subscriptionsOf(context);
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    return new ItemError("ErrorInvalidSubscription", error.message);
  }
}

const message = (context: RequestContext, content: string): Content => responses("GetStreamingEvents", [() => content], context);

async function* follow(context: RequestContext, closing: AbortSignal): AsyncIterable<Content> {
  const minutes = Number(context.request.textAt("ConnectionTimeout"));
  const end = AbortSignal.any([closing, AbortSignal.timeout(minutes * 60_000)]);
  // What a client that has gone did not read is kept for its next stream.
  while (!closing.aborted) {
    const subscriptions = found(context);
    if (subscriptions instanceof ItemError) {
      yield closedBy(context, subscriptions);
      return;
    }
    let told = 0;
    for (const one of subscriptions) {
      const events = eventsOf(one, one.delivered);
      if (events === undefined) {
        yield closedBy(context, new ItemError("ErrorMissedNotificationEvents", "Some events were dropped."));
        return;
      }
      one.delivered = one.mailbox.events.position;
      if (events.length > 0) yield message(context, streamedXml(one, events));
      told += events.length;
    }
    if (told > 0) continue;
    if (end.aborted) break;
    const beat = AbortSignal.timeout(heartbeat);
    const first = new AbortController();
    const any = AbortSignal.any([end, beat, first.signal]);
    await Promise.race(subscriptions.map(({ mailbox }) => mailbox.events.next(any)));
    first.abort();
    if (beat.aborted) for (const one of subscriptions) yield message(context, streamedXml(one, []));
  }
  yield message(context, status(false));
}

/**
 * Each message is an envelope of its own in one reply, which stays open until ConnectionTimeout. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getstreamingevents-operation
 */
export const getStreamingEvents: Operation = {
  name: "GetStreamingEvents",
  handle(context) {
    const subscriptions = found(context);
    return subscriptions instanceof ItemError ? closedBy(context, subscriptions) : message(context, status(true));
  },
  follow: (context) => (found(context) instanceof ItemError ? undefined : (closing) => follow(context, closing)),
};
