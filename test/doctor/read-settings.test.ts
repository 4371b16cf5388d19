import { expect, test } from "vitest";
import { doctor } from "../../src/doctor/doctor.ts";
import { loadSettings } from "../../src/settings.ts";

test("of a connection over Microsoft Graph doctor says that it cannot judge it, and asks nobody", async () => {
  const environment = {
    MAILCORDON_BACKEND: "graph",
    MAILCORDON_CLIENT_ID: "11111111-2222-3333-4444-555555555555",
    MAILCORDON_TENANT: "example.onmicrosoft.com",
    MAILCORDON_CLIENT_SECRET: "practice",
    MAILCORDON_MAILBOX: "ann@example.com",
  };
  const seen: unknown[] = [];
  const report = await doctor({
    actions: ["get-contacts"],
    load: async () => loadSettings({ environment }),
    observe: (event) => seen.push(event),
  });
  expect(report.steps[0]?.found).toContain("Microsoft Graph at");
  expect(report.steps[0]).toMatchObject({ name: "settings", status: "unknown", code: "unsupported" });
  expect(new Set(report.steps.slice(1).map(({ status }) => status))).toEqual(new Set(["skipped"]));
  expect(report).toMatchObject({ success: false, actions: [{ works: "unknown", because: "settings" }] });
  expect(seen).toEqual([]);
});
