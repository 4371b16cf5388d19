import { describe, expect, test } from "vitest";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { examine, openLab, service } from "./examine.ts";

const auto = (more: Readonly<Record<string, unknown>> = {}) => ({ auto: { username: socAddress, password: "env:SECRET", ...more } });

describe("the step sign-in", () => {
  test("warns if the server offers only Basic, and names the setting for a higher floor", async () => {
    const report = await examine(service(await openLab({ signIn: { schemes: ["Basic"] } }), { auth: auto() }));
    expect(report.success).toBe(true);
    expect(report.step("sign-in")).toMatchObject({ status: "warning" });
    expect(report.step("sign-in").found).toMatch(/^only basic; the minimum \(auth\.auto\.at_least\) is not set/);
    expect(report.next("sign-in")).toContain("Get-WebServicesVirtualDirectory");
    expect(report.next("sign-in")).toContain("at_least: ntlm # in auth.auto");
  });

  test("names the offered methods if they include more than Basic", async () => {
    const report = await examine(service(await openLab({ signIn: { schemes: ["NTLM", "Basic"] } }), { auth: auto({ at_least: "ntlm" }) }));
    expect(report.success).toBe(true);
    expect(report.step("sign-in")).toMatchObject({ status: "ok", found: "ntlm, basic; the minimum (auth.auto.at_least) is ntlm" });
  });

  test.each([
    ["ntlm", ["Basic"]],
    ["kerberos", ["NTLM", "Basic"]],
  ] as const)("fails if the floor is %s and the server offers %j, without sending a password", async (at_least, schemes) => {
    const lab = await openLab({ signIn: { schemes } });
    const report = await examine(service(lab, { auth: auto({ at_least }) }));
    expect(report.success).toBe(false);
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.step("ews").found).toContain(`auth.auto.at_least is ${at_least}`);
    expect(report.next("ews")).not.toContain("Get-ADUser");
    expect(report.step("sign-in")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.step("sign-in").found).toContain("The password was not sent");
    expect(report.next("sign-in")).toContain("removed the stronger schemes");
    expect(lab.requests.map(({ signIn }) => signIn)).toEqual(lab.requests.map(() => undefined));
  });

  test("is left out if the connection does not choose a method", async () => {
    const report = await examine(service(await openLab()));
    expect(report.steps.map(({ name }) => name)).not.toContain("sign-in");
  });
});
