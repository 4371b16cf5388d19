import { anna } from "../soap-client.ts";

const mailbox = (address: string): string => `<t:Mailbox><t:Address>${address}</t:Address></t:Mailbox>`;

export const getOof = (address: string): string => `<m:GetUserOofSettingsRequest>${mailbox(address)}</m:GetUserOofSettingsRequest>`;

export const setOof = (settings: string, address = anna): string =>
  `<m:SetUserOofSettingsRequest>${mailbox(address)}<t:UserOofSettings>${settings}</t:UserOofSettings></m:SetUserOofSettingsRequest>`;

export const oofSettings = (
  state: string,
  start = "2026-03-02T00:00:00Z",
  end = "2026-03-09T00:00:00Z",
  reply = "Away &lt;b&gt;",
): string =>
  `<t:OofState>${state}</t:OofState><t:ExternalAudience>Known</t:ExternalAudience><t:Duration><t:StartTime>${start}</t:StartTime><t:EndTime>${end}</t:EndTime></t:Duration>` +
  `<t:InternalReply><t:Message>${reply}</t:Message></t:InternalReply><t:ExternalReply><t:Message>Outside</t:Message></t:ExternalReply>`;
