import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, soc, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
  lab.store.setNow(new Date("2026-03-01T12:00:00Z"));
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const mailbox = (address: string): string => `<t:Mailbox><t:Address>${address}</t:Address></t:Mailbox>`;
const get = (address: string): string => `<m:GetUserOofSettingsRequest>${mailbox(address)}</m:GetUserOofSettingsRequest>`;
const set = (settings: string, address = anna): string =>
  `<m:SetUserOofSettingsRequest>${mailbox(address)}<t:UserOofSettings>${settings}</t:UserOofSettings></m:SetUserOofSettingsRequest>`;
const settings = (state: string, start = "2026-03-02T00:00:00Z", end = "2026-03-09T00:00:00Z", reply = "Away &lt;b&gt;"): string =>
  `<t:OofState>${state}</t:OofState><t:ExternalAudience>Known</t:ExternalAudience><t:Duration><t:StartTime>${start}</t:StartTime><t:EndTime>${end}</t:EndTime></t:Duration>` +
  `<t:InternalReply><t:Message>${reply}</t:Message></t:InternalReply><t:ExternalReply><t:Message>Outside</t:Message></t:ExternalReply>`;
const code = async (operation: string, user = anna) =>
  (await call(lab, operation, { user })).xml().textAt("ResponseMessage", "ResponseCode");

test("a mailbox that never set any has them disabled", async () => {
  expect((await call(lab, get(ben), { user: ben })).xml().textAt("OofSettings", "OofState")).toBe("Disabled");
});

test("another's settings are closed, to read and to write", async () => {
  expect(await code(get(anna), ben)).toBe("ErrorAccessDenied");
  expect(await code(set(settings("Enabled")), ben)).toBe("ErrorAccessDenied");
});

test("impersonation opens them", async () => {
  const header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${anna}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  expect((await call(lab, get(anna), { user: soc, header })).xml().textAt("ResponseMessage", "ResponseCode")).toBe("NoError");
});
