import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getOutOfOffice } from "../../src/actions/get-out-of-office.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  const start = new Date("2026-03-01T08:00:00.000Z");
  const end = new Date("2026-03-08T08:00:00.000Z");

  function set(state: "Disabled" | "Enabled" | "Scheduled"): string {
    const mailbox = at.mailbox("user01@example.com");
    mailbox.oof = {
      state,
      externalAudience: "Known",
      start,
      end,
      internalReply: "<p>Away &amp; back</p><p>soon</p>",
      externalReply: "<b>Gone</b>",
    };
    return mailbox.address;
  }

  // XSOAR reads the replies by a misspelt name (`internal_replay`), and so always answers null.
  test("both replies are returned unchanged and as text", async () => {
    const answer = await at.run(getOutOfOffice, { mailbox: set("Enabled") });
    expect(answer).toMatchObject({
      success: true,
      mailbox: "user01@example.com",
      state: "Enabled",
      external_audience: "Known",
      internal_reply: "<p>Away &amp; back</p><p>soon</p>",
      internal_reply_text: "Away & back\nsoon",
      external_reply: "<b>Gone</b>",
      external_reply_text: "Gone",
    });
  });

  test.each([
    ["Disabled", "2026-03-02T00:00:00Z", false],
    ["Enabled", "2020-01-01T00:00:00Z", true],
    ["Scheduled", "2026-03-01T07:59:59Z", false],
    ["Scheduled", "2026-03-01T08:00:00Z", true],
    ["Scheduled", "2026-03-08T07:59:59Z", true],
    ["Scheduled", "2026-03-08T08:00:00Z", false],
  ] as const)("%s from 1 to 8 March is at %s: active %j", async (state, now, active) => {
    const answer = await at.run(getOutOfOffice, { mailbox: set(state) }, { now: () => new Date(now) });
    expect(answer).toMatchObject({ state, is_active_now: active, start: start.toISOString(), end: end.toISOString() });
  });

  test("a missing mailbox is reported as missing", async () => {
    const answer = await at.run(getOutOfOffice, { mailbox: "nobody@example.com" });
    expect(answer).toMatchObject({ success: false, error: { code: "mailbox-not-found" } });
  });

  test.skipIf(backend === "graph")(
    "the answer reports how long mailcordon waited at Exchange's request (its fault is of an EWS operation)",
    async () => {
      at.lab.addFault({ kind: "server-busy-fault", operation: "GetUserOofSettings", backOffMs: 200 });
      const answer = await at.run(getOutOfOffice, { mailbox: set("Enabled") });
      expect(answer).toMatchObject({ success: true, waited_ms: expect.any(Number) });
      expect(answer.waited_ms).toBeGreaterThan(0);
      expect(await at.run(getOutOfOffice, { mailbox: set("Enabled") })).not.toHaveProperty("waited_ms");
    },
  );
});
