import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/doctor/checkup.ts";
import { examine, openLab, service } from "./examine.ts";
import { online } from "./online.ts";

const sweeps = { database: (): Promise<Finding> => Promise.resolve({ status: "ok", tried: "looked", found: "it is there" }) };
const all = [
  ...["Mail.ReadWrite", "MailboxSettings.Read", "User.ReadBasic.All", "Group.ReadBasic.All"],
  ...["ExchangeMessageTrace.Read.All", "Calendars.ReadWrite", "Mail.Send", "Contacts.Read"],
];

describe("the check of sweeps", () => {
  test("over Graph is ok with all permissions", async () => {
    const { report } = await online(all, { sweeps });
    expect(report.step("graph-sweeps")).toMatchObject({ status: "ok" });
    expect(report.step("database")).toMatchObject({ status: "ok" });
  });

  test.each([
    ["Mail.ReadWrite", "no sweep can find"],
    ["Calendars.ReadWrite", "--residue calendar"],
    ["ExchangeMessageTrace.Read.All", "--find trace"],
    ["Group.ReadBasic.All", "--group"],
    ["MailboxSettings.Read", "--mailboxes all"],
  ])("over Graph without %s names what does not work, and the command that grants it", async (missing, lost) => {
    const { report } = await online(
      all.filter((one) => one !== missing),
      { sweeps, actions: ["get-contacts"] },
    );
    const step = report.step("graph-sweeps");
    expect(step).toMatchObject({ status: "warning", found: expect.stringContaining(lost) });
    expect(step.found).toContain(missing);
    expect(report.next("graph-sweeps")).toContain(`Where-Object Value -eq '${missing}'`);
    expect(report.next("graph-sweeps")).toContain("mailcordon setup entra --sweeps");
    // A sweep is not an action: the checked actions still work.
    expect(report.success).toBe(true);
  });

  test("over EWS is ok for the service account, and says that message trace is not part of EWS", async () => {
    const report = await examine(service(await openLab()), { sweeps });
    expect(report.step("sweeps")).toMatchObject({ status: "ok", found: expect.stringContaining("--find tracking-log") });
  });

  test("over EWS without Discovery Management names --mailboxes all, and the command that adds the role", async () => {
    const lab = await openLab();
    lab.store.addUser({ address: "plain@example.com", roles: ["ApplicationImpersonation"] });
    const report = await examine(service(lab, { auth: { basic: { username: "plain@example.com", password: "env:SECRET" } } }), {
      sweeps,
      actions: ["delete-email"],
    });
    expect(report.step("sweeps")).toMatchObject({ status: "warning", found: expect.stringContaining("--mailboxes all does not work") });
    expect(report.next("sweeps")).toContain("Add-RoleGroupMember");
    expect(report.success).toBe(true);
  });

  test("is not made where some actions are asked about alone", async () => {
    const report = await examine(service(await openLab()), {});
    expect(report.steps.map(({ name }) => name)).not.toContain("sweeps");
  });
});
