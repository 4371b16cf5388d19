import { afterAll, beforeAll } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, startSmallLab } from "../soap-client.ts";

/** Starts a lab for the tests of a file, on a day before the schedule of `oofSettings`. All its replies must match the schema. */
export function labOfOof(): () => Lab {
  let lab: Lab | undefined;
  const current = (): Lab => {
    if (lab === undefined) throw new Error("no lab runs");
    return lab;
  };
  beforeAll(async () => {
    lab = await startSmallLab();
    lab.store.setNow(new Date("2026-03-01T12:00:00Z"));
  });
  afterAll(async () => {
    await expectValidReplies(current());
    await current().close();
  });
  return current;
}

export async function responseCode(lab: Lab, operation: string, user: string): Promise<string | undefined> {
  return (await call(lab, operation, { user })).xml().textAt("ResponseMessage", "ResponseCode");
}

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
