import { expect, test } from "vitest";
import { anna, call, faultCode } from "../soap-client.ts";
import { getOof, labOfOof, oofSettings, responseCode, setOof } from "./oof-requests.ts";

const lab = labOfOof();
const code = (operation: string, user = anna) => responseCode(lab(), operation, user);

test("both replies and the schedule are read back as set", async () => {
  expect(await code(setOof(oofSettings("Scheduled")))).toBe("NoError");
  const read = (await call(lab(), getOof(anna))).xml().child("OofSettings");
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
  await call(lab(), setOof(oofSettings("Disabled")));
  expect(await code(setOof(oofSettings("Scheduled", start, end)))).toBe("ErrorInvalidScheduledOofDuration");
  expect(lab().store.mailbox(anna)?.oof.state).toBe("Disabled");
});

test("an unknown mailbox is an error, an unknown state a fault", async () => {
  expect(await code(getOof("nobody@example.com"))).toBe("ErrorNonExistentMailbox");
  expect(faultCode(await call(lab(), setOof(oofSettings("Asleep"))))).toBe("ErrorSchemaValidation");
});
