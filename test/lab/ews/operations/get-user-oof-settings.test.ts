import { expect, test } from "vitest";
import { anna, ben, call, soc } from "../soap-client.ts";
import { getOof, labOfOof, oofSettings, responseCode, setOof } from "./oof-requests.ts";

const lab = labOfOof();
const code = (operation: string, user = anna) => responseCode(lab(), operation, user);

test("a mailbox that never set any has them disabled", async () => {
  expect((await call(lab(), getOof(ben), { user: ben })).xml().textAt("OofSettings", "OofState")).toBe("Disabled");
});

test("another's settings are closed, to read and to write", async () => {
  expect(await code(getOof(anna), ben)).toBe("ErrorAccessDenied");
  expect(await code(setOof(oofSettings("Enabled")), ben)).toBe("ErrorAccessDenied");
});

test("impersonation opens them", async () => {
  const header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${anna}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  expect((await call(lab(), getOof(anna), { user: soc, header })).xml().textAt("ResponseMessage", "ResponseCode")).toBe("NoError");
});
