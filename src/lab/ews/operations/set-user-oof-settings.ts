import type { Oof } from "../../store/organisation.ts";
import { ItemError, type Operation, type RequestContext, response } from "../operation.ts";
import { mailboxAt } from "../sign-in/access.ts";

const states = ["Disabled", "Enabled", "Scheduled"] as const;
const audiences = ["None", "Known", "All"] as const;

/** Reads a time. Times without an offset are in the time zone of the request; the lab reads them as UTC. */
function time(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  return new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

function wanted(context: RequestContext, before: Oof): Oof {
  const settings = context.request.child("UserOofSettings");
  const state = states.find((one) => one === settings?.textAt("OofState")) ?? before.state;
  const externalAudience = audiences.find((one) => one === settings?.textAt("ExternalAudience")) ?? before.externalAudience;
  const start = time(settings?.textAt("Duration", "StartTime"));
  const end = time(settings?.textAt("Duration", "EndTime"));
  if (state === "Scheduled" && (start === undefined || end === undefined || end <= start || end <= context.store.now())) {
    throw new ItemError("ErrorInvalidScheduledOofDuration", "The scheduled time must end after it begins, and in the future.");
  }
  return {
    state,
    externalAudience,
    start: start ?? before.start,
    end: end ?? before.end,
    internalReply: settings?.at("InternalReply", "Message")?.text ?? "",
    externalReply: settings?.at("ExternalReply", "Message")?.text ?? "",
  };
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/setuseroofsettings-operation */
export const setUserOofSettings: Operation = {
  name: "SetUserOofSettings",
  handle(context) {
    const write = (): string => {
      const mailbox = mailboxAt(context.request.textAt("Mailbox", "Address"), context);
      mailbox.oof = wanted(context, mailbox.oof);
      return "";
    };
    return response("SetUserOofSettings", write, context, { nested: true });
  },
};
