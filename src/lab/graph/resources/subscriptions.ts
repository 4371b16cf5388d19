import { badRequest } from "../errors.ts";
import { textIn } from "../items/message-from-json.ts";
import { memberOf } from "../json.ts";
import { jsonOf, type Operation } from "../operation.ts";
import { valueReply } from "../reply.ts";

const permissions = ["Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];

/**
 * Refuses every subscription as Graph refuses one whose notificationUrl it cannot reach: the lab sends no requests to other servers. @see
 * https://learn.microsoft.com/en-us/graph/api/subscription-post-subscriptions
 */
export const createSubscription: Operation = {
  name: "subscription-post-subscriptions",
  method: "POST",
  paths: ["/subscriptions"],
  permissions,
  of: "directory",
  handle(call) {
    const body = jsonOf(call.request);
    for (const name of ["changeType", "notificationUrl", "resource", "expirationDateTime"]) {
      const value = memberOf(body, name);
      if (value === undefined) throw badRequest(`Property '${name}' is required.`, "InvalidRequest");
      textIn(value, name);
    }
    const url = textIn(memberOf(body, "notificationUrl") ?? null, "notificationUrl");
    if (!URL.canParse(url) || new URL(url).protocol !== "https:")
      throw badRequest("The 'notificationUrl' must be an https URL.", "InvalidRequest");
    throw badRequest(
      "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request.",
      "ValidationError",
    );
  },
};

/** No subscription was ever made. @see https://learn.microsoft.com/en-us/graph/api/subscription-list */
export const listSubscriptions: Operation = {
  name: "subscription-list",
  method: "GET",
  paths: ["/subscriptions"],
  permissions,
  of: "directory",
  handle: () => valueReply({ value: [] }, "subscriptions"),
};
