import { expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import type { Checkup } from "../../../src/doctor/checkup.ts";
import { isNotFromEws, whyNoEws } from "../../../src/doctor/ews/explain-ews-failure.ts";
import { Failure, type FailureCode } from "../../../src/failure.ts";
import { loadSettings } from "../../../src/settings/load-settings.ts";
import { clientId } from "../../wire/sign-in/tenant.ts";
import { folder } from "../examine.ts";

/** A check-up of Exchange Online on some day, with a token of an application, that got as far as EWS. */
async function online(now: number): Promise<Checkup> {
  const environment = { MAILCORDON_EWS_URL: "https://outlook.office365.com/EWS/Exchange.asmx", MAILCORDON_TOKEN: "a.b.c" };
  const { connection } = await loadSettings({ environment, directory: folder() });
  const token = { audience: undefined, issuer: undefined, tenant: undefined, roles: [], scopes: [], user: undefined };
  return {
    ...{
      backEnd: "ews",
      route: undefined,
      actions: [deleteEmail],
      mailbox: "ann@example.com",
      signal: undefined,
      events: [],
      tell: undefined,
    },
    ...{ now: () => now, observe: () => undefined, load: () => Promise.reject(new Error("not asked")) },
    learned: { connection, token: { ...token, appId: clientId, expiresAt: undefined, appOnly: true } },
  };
}

const answer = (status: number, code: FailureCode = "access-denied") =>
  new Failure(code, "It said no.", { wireCode: `HTTP ${status}`, requestId: "7" });

test("before the end of EWS, a block by Exchange Online leads to the list of allowed applications", async () => {
  const { found, next } = await whyNoEws(answer(403), await online(Date.UTC(2027, 2, 31)), "ann@example.com");
  expect(found).toContain("EWS is blocked in Exchange Online");
  expect(next?.join("\n")).toContain(`'${clientId}'`);
});

test.each([403, 404, 410])("after the end of EWS, HTTP %i is reported as its end, without a useless command", async (status) => {
  const { found, next } = await whyNoEws(answer(status), await online(Date.UTC(2027, 3, 1)), "ann@example.com");
  expect(found).toBe("Exchange Online no longer offers EWS (it ended on 2027-04-01) (request-id: 7)");
  expect(next?.join("\n")).not.toContain("Set-OrganizationConfig");
});

test("a reply of EWS about the mailbox is not reported as a block of EWS", () => {
  const about = (code: FailureCode, wireCode?: string) => isNotFromEws(new Failure(code, "", { wireCode }));
  expect(about("role-missing", "ErrorImpersonateUserDenied")).toBe(false);
  expect(about("mailbox-not-found", "ErrorNonExistentMailbox")).toBe(false);
  expect(about("busy", "ErrorServerBusy")).toBe(true);
  expect(about("access-denied", "HTTP 403")).toBe(true);
  expect(about("unreachable")).toBe(true);
});

test("a connection without TLS that is ended leads to https", async () => {
  const environment = { MAILCORDON_EWS_URL: "http://127.0.0.1:8443/EWS/Exchange.asmx", MAILCORDON_TOKEN: "a.b.c" };
  const { connection } = await loadSettings({ environment, directory: folder() });
  const { next } = await whyNoEws(new Failure("broken-reply", "It ended."), { ...(await online(0)), learned: { connection } }, undefined);
  expect(next).toContain("ews: { url: https://127.0.0.1:8443/EWS/Exchange.asmx }");
});
