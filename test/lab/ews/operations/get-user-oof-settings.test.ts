import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, soc, startSmallLab } from "../soap-client.ts";
import { getOof, oofSettings, setOof } from "./oof-requests.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
  lab.store.setNow(new Date("2026-03-01T12:00:00Z"));
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const code = async (operation: string, user = anna) =>
  (await call(lab, operation, { user })).xml().textAt("ResponseMessage", "ResponseCode");

test("a mailbox that never set any has them disabled", async () => {
  expect((await call(lab, getOof(ben), { user: ben })).xml().textAt("OofSettings", "OofState")).toBe("Disabled");
});

test("another's settings are closed, to read and to write", async () => {
  expect(await code(getOof(anna), ben)).toBe("ErrorAccessDenied");
  expect(await code(setOof(oofSettings("Enabled")), ben)).toBe("ErrorAccessDenied");
});

test("impersonation opens them", async () => {
  const header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${anna}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  expect((await call(lab, getOof(anna), { user: soc, header })).xml().textAt("ResponseMessage", "ResponseCode")).toBe("NoError");
});
