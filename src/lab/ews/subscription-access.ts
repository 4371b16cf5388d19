import { ItemError, type RequestContext } from "./operation.ts";
import type { Subscription } from "./subscriptions.ts";

/** Returns the subscription with an id, which now counts as read. Throws ItemError. */
export function subscriptionNamed(id: string, { subscriptions, acting, store }: RequestContext): Subscription {
  const found = subscriptions.find(id.trim(), store.now());
  if (found === undefined) throw new ItemError("ErrorSubscriptionNotFound", "The specified subscription was not found.");
  if (found.owner !== acting) {
    const text = "Access is denied. Only the subscription owner may access the subscription.";
    throw new ItemError("ErrorSubscriptionAccessDenied", text);
  }
  found.readAt = store.now();
  return found;
}
