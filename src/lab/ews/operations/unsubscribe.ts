import { type Operation, responses } from "../operation.ts";
import { subscriptionNamed } from "../subscription-access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/unsubscribe-operation */
export const unsubscribe: Operation = {
  name: "Unsubscribe",
  handle: (context) =>
    responses(
      "Unsubscribe",
      [
        () => {
          context.subscriptions.end(subscriptionNamed(context.request.textAt("SubscriptionId") ?? "", context));
          return "";
        },
      ],
      context,
    ),
};
