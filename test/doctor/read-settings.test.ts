import { expect, test } from "vitest";
import { settings } from "../../src/doctor/read-settings.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const application = {
  MAILCORDON_CLIENT_ID: "11111111-2222-3333-4444-555555555555",
  MAILCORDON_TENANT: "example.onmicrosoft.com",
  MAILCORDON_CLIENT_SECRET: "practice",
};

async function found(environment: Readonly<Record<string, string>>): Promise<string> {
  const common = { actions: [], mailbox: undefined, signal: undefined, events: [], tell: undefined, route: undefined };
  const load = () => loadSettings({ environment: { ...application, ...environment } });
  const finding = await settings.run({ ...common, backEnd: "ews", now: Date.now, observe: () => undefined, learned: {}, load });
  expect(finding.status).toBe("ok");
  return finding.found;
}

test("a connection is described by its back ends' addresses and its sign-in", async () => {
  const graph =
    "Microsoft Graph at https://graph.microsoft.com/v1.0, the application 11111111-2222-3333-4444-555555555555 with client-secret";
  expect(await found({ MAILCORDON_BACKEND: "graph" })).toBe(`connection environment: ${graph}`);
  expect(await found({ MAILCORDON_BACKEND: "auto", MAILCORDON_EWS_URL: "https://mail.example.com/EWS/Exchange.asmx" })).toContain(
    `${graph}; on premises https://mail.example.com/EWS/Exchange.asmx, the application`,
  );
  expect(await found({ MAILCORDON_BACKEND: "ews" })).toMatch(
    /^connection environment: https:\/\/outlook\.office365\.com\/EWS\/Exchange\.asmx, the application .*, access: impersonation$/,
  );
});
