import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, faultCode, startSmallLab } from "../soap-client.ts";
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

test("both replies and the schedule are read back as set", async () => {
  expect(await code(setOof(oofSettings("Scheduled")))).toBe("NoError");
  const read = (await call(lab, getOof(anna))).xml().child("OofSettings");
  expect([read?.textAt("OofState"), read?.textAt("ExternalAudience")]).toEqual(["Scheduled", "Known"]);
  expect([read?.textAt("Duration", "StartTime"), read?.textAt("Duration", "EndTime")]).toEqual([
    "2026-03-02T00:00:00Z",
    "2026-03-09T00:00:00Z",
  ]);
  expect([read?.textAt("InternalReply", "Message"), read?.textAt("ExternalReply", "Message")]).toEqual(["Away <b>", "Outside"]);
});

test.each([
  ["ends before it begins", "2026-03-09T00:00:00Z", "2026-03-02T00:00:00Z"],
  ["lies in the past", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
])("a schedule that %s is refused and changes nothing", async (_, start, end) => {
  await call(lab, setOof(oofSettings("Disabled")));
  expect(await code(setOof(oofSettings("Scheduled", start, end)))).toBe("ErrorInvalidScheduledOofDuration");
  expect(lab.store.mailbox(anna)?.oof.state).toBe("Disabled");
});

test("an unknown mailbox is an error, an unknown state a fault", async () => {
  expect(await code(getOof("nobody@example.com"))).toBe("ErrorNonExistentMailbox");
  expect(faultCode(await call(lab, setOof(oofSettings("Asleep"))))).toBe("ErrorSchemaValidation");
});
