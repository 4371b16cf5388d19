import { positionIn, pulledXml } from "../notification-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { subscriptionNamed } from "../subscription-access.ts";
import { eventsOf } from "../subscriptions.ts";

/** The most events of one reply. Microsoft names no number. */
const most = 50;

function pull(context: RequestContext): string {
  const subscription = subscriptionNamed(context.request.textAt("SubscriptionId") ?? "", context);
  if (subscription.isStreaming) throw new ItemError("ErrorInvalidPullSubscriptionId", "The subscription is not one of pull notifications.");
  const after = positionIn(context.request.textAt("Watermark") ?? "", subscription);
  if (after === undefined) throw new ItemError("ErrorInvalidWatermark", "The watermark is invalid.");
  const events = eventsOf(subscription, after);
  if (events === undefined) throw new ItemError("ErrorEventNotFound", "The event of the watermark is not kept any more.");
  return pulledXml(subscription, after, events.slice(0, most), events.length > most);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getevents-operation */
export const getEvents: Operation = {
  name: "GetEvents",
  handle: (context) => responses("GetEvents", [() => pull(context)], context),
};
