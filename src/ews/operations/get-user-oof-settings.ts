import type { OutOfOffice } from "../../exchange/out-of-office.ts";
import { dateTime, mapped, optional, record, required, text, trimmedText, within } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf } from "../operation.ts";
import { status } from "../session/response-status.ts";

const reply = within(t("Message"), text);

const settings = record({
  state: required(t("OofState"), trimmedText),
  audience: optional(t("ExternalAudience"), text),
  duration: optional(t("Duration"), record({ start: optional(t("StartTime"), dateTime), end: optional(t("EndTime"), dateTime) })),
  internalReply: optional(t("InternalReply"), reply),
  externalReply: optional(t("ExternalReply"), reply),
});

const states: ReadonlyMap<string, OutOfOffice["state"]> = new Map([
  ["Disabled", "Disabled"],
  ["Enabled", "Enabled"],
  ["Scheduled", "Scheduled"],
]);
const audiences: ReadonlyMap<string, NonNullable<OutOfOffice["externalAudience"]>> = new Map([
  ["None", "None"],
  ["Known", "Known"],
  ["All", "All"],
]);

/**
 * Reads the automatic replies of one mailbox by its SMTP address. The request's element has a name other than the operation's, and the reply has one
 * response message beside the settings.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getuseroofsettings-operation
 */
export const getUserOofSettings: Operation<string, OutOfOffice> = {
  name: "GetUserOofSettings",
  safety: "read",
  write: (address) =>
    element("m:GetUserOofSettingsRequest", undefined, element("t:Mailbox", undefined, element("t:Address", undefined, address))),
  read: mapped(
    record({ message: required(m("ResponseMessage"), record(status)), settings: optional(t("OofSettings"), settings) }),
    ({ message, settings: found }) => [
      outcomeOf((): OutOfOffice | undefined => {
        const state = states.get(found?.state ?? "");
        if (found === undefined || state === undefined) return undefined;
        const { start, end } = found.duration ?? {};
        return {
          state,
          externalAudience: audiences.get(found.audience ?? ""),
          start,
          end,
          internalReply: found.internalReply,
          externalReply: found.externalReply,
        };
      })(message),
    ],
  ),
};
