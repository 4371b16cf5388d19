import { retirement as end } from "../../ews/session/online-failures.ts";
import { connectionOf, type Step } from "../checkup.ts";
import { isOnline } from "../connection-facts.ts";

/** The day from which Exchange Online blocks EWS, tenant by tenant, except for applications that the organisation allows. */
const blockedFrom = Date.UTC(2026, 9, 1);
const day = 86_400_000;
const date = (at: number) => new Date(at).toISOString().slice(0, 10);

/**
 * Checks how long EWS will remain available.
 * @see https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/deprecation-of-ews-exchange-online
 */
export const retirement: Step = {
  name: "retirement",
  needs: ["settings", "autodiscover"],
  async run(checkup) {
    const tried = "checked whether the connection leads to Exchange Online";
    if (!isOnline(checkup)) {
      const { version, mailbox, discovery } = checkup.learned;
      const isReached = version !== undefined || mailbox?.ok === true || discovery?.ok === true;
      if (isReached) return { status: "ok", tried, found: "no: Exchange Server keeps EWS" };
      return {
        status: "unknown",
        tried,
        found: "the URL is not that of Exchange Online, but no Exchange answered, so its kind is not known",
      };
    }
    const now = checkup.now();
    const days = Math.ceil((end - now) / day);
    const found =
      days <= 0
        ? `Exchange Online was to end EWS on ${date(end)}`
        : now < blockedFrom
          ? `Exchange Online blocks EWS from ${date(blockedFrom)} on unless this application is allowed, and ends it on ${date(end)}`
          : `Exchange Online blocks EWS since ${date(blockedFrom)} unless this application is allowed, and ends it on ${date(end)}, in ${days} ${days === 1 ? "day" : "days"}`;
    return {
      status: "warning",
      tried,
      found,
      next: [
        "Move to Microsoft Graph. This command shows what is missing:",
        `mailcordon doctor --plan graph --connection ${connectionOf(checkup).name}`,
      ],
    };
  },
};
