import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { failures } from "../../src/failure.ts";
import { faultKinds } from "../../src/lab/faults.ts";
import { startLab } from "../../src/lab/lab.ts";
import { soon } from "../soon.ts";
import { allWork, basic, examine, openLab, service } from "./examine.ts";

const exit = (code: keyof typeof failures) => failures[code].exit;

describe("with everything in order", () => {
  test("every action would work, the exit code is 0, and doctor only reads", async () => {
    const lab = await openLab();
    const report = await examine(service(lab));
    expect(report).toMatchObject(allWork);
    expect(report.all("failed")).toEqual([]);
    expect(report.all("skipped")).toEqual(["autodiscover", "tls", "token"]);
    expect(report.step("server-version").found).toMatch(/^Exchange Server SE \(15\.2\./);
    expect(report.step("clock").found).toBe("they agree");
    expect([...new Set(lab.requests.map(({ operation }) => operation))].sort()).toEqual(["GetFolder", "GetSearchableMailboxes"]);
    expect(lab.requests[0]).toMatchObject({ acting: "user03@example.com", anchorMailbox: "user03@example.com" });
  });

  test.each(["Exchange2013", "Exchange2019"] as const)("%s is recognised by its build number", async (version) => {
    const report = await examine(service(await openLab({ version })));
    expect(report.step("server-version").found).toContain(version.replace("Exchange", "Exchange Server "));
  });

  test("the steps are reported as they end, in order", async () => {
    const told: string[] = [];
    const report = await examine(service(await openLab()), { progress: ({ name }) => told.push(name) });
    expect(told).toEqual(report.steps.map(({ name }) => name));
  });
});

describe("the account", () => {
  test("a wrong password is tried once, and the report names its source", async () => {
    const lab = await openLab();
    const report = await examine(service(lab, { auth: basic(undefined, "env:WRONG") }));
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.exit).toBe(exit("unauthenticated"));
    expect(report.next("ews")).toContain("connections.prod.auth");
    expect(report.all("skipped")).toEqual(["autodiscover", "tls", "token", "mailbox", "discovery", "server-version"]);
    // The lab writes a request down when its connection is done with it.
    await soon(() => expect(lab.requests).toHaveLength(1));
  });

  test("a password that the server does not accept by Basic leads to the offered methods", async () => {
    const report = await examine(service(await openLab({ signIn: { schemes: ["NTLM"] } })));
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("ews")).toContain("auth: { auto:");
  });

  test("without the role, the command names the account", async () => {
    const lab = await openLab();
    const report = await examine(service(lab, { auth: basic("user05@example.com") }));
    expect(report.step("ews").status).toBe("ok");
    expect(report.step("mailbox")).toMatchObject({ status: "failed", code: "role-missing" });
    expect(report.exit).toBe(exit("role-missing"));
    expect(report.next("mailbox").split("\n")).toEqual(
      expect.arrayContaining([
        "New-ManagementRoleAssignment -Name 'mailcordon impersonation' -Role 'ApplicationImpersonation' -User 'user05@example.com'",
        "Add-MailboxPermission -Identity 'user03@example.com' -User 'user05@example.com' -AccessRights 'FullAccess' -InheritanceType 'All' -AutoMapping $false",
      ]),
    );
  });

  test("without Discovery Management only actions that list mailboxes would not work", async () => {
    const lab = await openLab();
    const account = { auth: basic("user05@example.com"), mailbox: "user05@example.com", access: "delegate" };
    const report = await examine(service(lab, account));
    expect(report.actions.filter(({ works }) => works !== "yes")).toEqual([
      { action: "get-searchable-mailboxes", works: "no", because: "discovery", backend: "ews" },
    ]);
    expect(report.exit).toBe(exit("role-missing"));
    expect(report.next("discovery")).toContain("Add-RoleGroupMember -Identity 'Discovery Management' -Member 'user05@example.com'");
    const reading = await examine(service(lab, account), { actions: ["delete-email"] });
    expect(reading).toMatchObject({ success: true, exit: 0 });
    expect(reading.step("discovery").status).toBe("skipped");
  });

  test("for a delegate who may only read, the actions that only read work", async () => {
    const lab = await openLab({ habits: ["read-only-delegates"] });
    const reader = lab.store.addUser({ address: "reader@example.com" }).user;
    lab.store.addUser({ address: "read@example.com", fullAccess: [reader.address] });
    const report = await examine(service(lab, { auth: basic(reader.address), mailbox: "read@example.com", access: "delegate" }));
    expect(report.step("mailbox")).toMatchObject({ status: "failed", found: expect.stringContaining("actions that only read work") });
    const of = (works: string) => report.actions.filter((one) => one.works === works).map(({ action }) => action);
    expect(of("yes")).toEqual(["download-mail-as-eml", "get-attachments", "get-contacts", "get-out-of-office", "search-emails-extended"]);
    expect(of("no")).toContain("delete-email");
    expect(of("unknown")).toEqual([]);
  });

  test("a delegate without a right is shown how to get it, and one who may send is shown the limits of the check", async () => {
    const lab = await openLab();
    const stranger = service(lab, { auth: basic("user05@example.com"), access: "delegate" });
    const report = await examine(stranger, { actions: ["delete-email"] });
    expect(report.step("mailbox").status).toBe("failed");
    expect(report.next("mailbox")).toContain("Add-MailboxPermission -Identity 'user03@example.com' -User 'user05@example.com'");
    const own = await examine(service(lab, { auth: basic("user03@example.com"), access: "delegate" }), { actions: ["send-email"] });
    expect(own).toMatchObject({ success: true });
    expect(own.step("mailbox").status).toBe("warning");
    expect(own.next("mailbox")).toContain("Add-ADPermission -User 'user03@example.com' -ExtendedRights 'Send As'");
  });
});

describe("the mailbox", () => {
  test("a missing mailbox is reported with the command to search for it", async () => {
    const report = await examine(service(await openLab()), { mailbox: "no'body@example.com" });
    expect(report.step("mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
    expect(report.next("mailbox")).toContain("Get-Recipient -Identity 'no''body@example.com'");
    expect(report.exit).toBe(exit("mailbox-not-found"));
  });

  test.each(["a\u001b[2J@example.com", "a\u2028b@example.com"])(
    "a mailbox whose name no command can contain (%j) is not reported as a defect",
    async (mailbox) => {
      const report = await examine(service(await openLab()), { mailbox });
      expect(report.success).toBe(false);
      expect(report.steps.filter(({ code }) => code === "internal")).toEqual([]);
    },
  );

  test("without a mailbox its actions cannot be judged, and the exit code is not 0", async () => {
    const lab = await openLab();
    const report = await examine(service(lab, { mailbox: undefined }));
    expect(report.step("mailbox").status).toBe("unknown");
    expect(report.next("mailbox")).toContain("mailcordon doctor --mailbox");
    expect(report.exit).toBe(exit("invalid-input"));
    expect(report.actions.find(({ action }) => action === "get-searchable-mailboxes")?.works).toBe("yes");
    expect(report.actions.find(({ action }) => action === "delete-email")).toMatchObject({ works: "unknown", because: "mailbox" });
  });
});

describe("the network path", () => {
  test("plain http to another machine is refused by the settings, and nothing else is checked", async () => {
    const report = await examine({ ews: { url: "http://mail.example.com/EWS/Exchange.asmx" }, auth: basic() });
    expect(report.step("settings")).toMatchObject({ status: "failed", code: "invalid-settings" });
    expect(report.exit).toBe(exit("invalid-settings"));
    expect(report.all("ok")).toEqual([]);
    expect(report.steps.slice(1, -1).every(({ status }) => status === "skipped")).toBe(true);
  });

  test("a missing secret is reported with its source", async () => {
    const report = await examine({ ews: { url: "https://mail.example.com/" }, auth: basic(undefined, "env:MISSING") });
    expect(report.step("settings").found).toContain("MISSING");
    expect(report.exit).toBe(exit("invalid-settings"));
  });

  test("a name that does not exist ends at name-resolution", async () => {
    const report = await examine({ ews: { url: "https://mail.invalid/EWS/Exchange.asmx" }, auth: basic() });
    expect(report.step("name-resolution")).toMatchObject({ status: "failed", code: "unreachable" });
    expect(report.next("name-resolution")).toContain("nslookup mail.invalid");
    expect(report.step("tcp").status).toBe("skipped");
  });

  test("a port where nothing listens ends at tcp", async () => {
    const lab = await startLab();
    const url = lab.ewsUrl;
    await lab.close();
    const report = await examine({ ews: { url }, auth: basic() });
    expect(report.step("tcp")).toMatchObject({
      status: "failed",
      code: "unreachable",
      found: "nothing listens there, or a firewall refuses",
    });
    expect(report.next("tcp")).toContain(`Test-NetConnection -ComputerName 127.0.0.1 -Port ${new URL(url).port}`);
    expect(report.exit).toBe(exit("unreachable"));
  });

  test("a wrong path leads to the right URL", async () => {
    const lab = await openLab();
    const report = await examine(service(lab, { ews: { url: `${lab.url}/owa` } }));
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unreachable" });
    expect(report.next("ews")).toContain(`ews: { url: ${lab.ewsUrl} }`);
  });
});

describe("the server", () => {
  test("forbidden EWS leads to the possible causes", async () => {
    const lab = await openLab({ faults: [{ kind: "403", times: 9 }] });
    const report = await examine(service(lab));
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("ews")).toContain("Get-CASMailbox -Identity 'user03@example.com' | Format-List EwsEnabled");
    expect(report.step("ews").found).toMatch(/request-id: [0-9a-f-]{36}/);
  });

  test("EWS forbidden for only one mailbox is reported as a property of that mailbox", async () => {
    const lab = await openLab({ faults: [{ kind: "403", mailbox: "user04@example.com", times: 9 }] });
    const report = await examine(service(lab), { mailbox: "user04@example.com" });
    expect(report.step("ews").found).toContain("forbidden for user04@example.com, though not for user03@example.com");
    expect(report.next("ews")).toContain("Set-CASMailbox -Identity 'user04@example.com' -EwsEnabled $true");
  });

  test.each(["server-busy-fault", "503"] as const)("throttling (%s) is reported with the wait, and not waited for", async (kind) => {
    const lab = await openLab({ faults: [{ kind, times: 99, backOffMs: 90_000 }] });
    const report = await examine(service(lab));
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "busy" });
    expect(report.next("ews")).toContain("Wait 90 s");
    expect(report.exit).toBe(exit("busy"));
    // The lab writes a request down when its connection is done with it.
    await soon(() => expect(lab.requests).toHaveLength(1));
  });

  test.each(["500", "truncate", "reset-mid-body", "reset-before"] as const)(
    "a reply that is broken (%s) is a failed step, not an error",
    async (kind) => {
      const report = await examine(service(await openLab({ faults: [{ kind, times: 99 }] })));
      expect(report.step("ews").status).toBe("failed");
      expect(report.next("ews")).not.toBe("");
      expect(report.exit).not.toBe(0);
    },
  );

  test("every fault of the lab, forever, ends in a report with a hint for each failed step", async () => {
    const kinds = Object.keys(faultKinds) as (keyof typeof faultKinds)[];
    const all = kinds.map(async (kind) => {
      const lab = await openLab({ faults: [{ kind, times: 99, backOffMs: 60_000, delayMs: 10 }] });
      const report = await examine(service(lab));
      expect(report.steps).toHaveLength(14);
      for (const { name, status, next = [], code } of report.steps) {
        if (status !== "failed") continue;
        expect([kind, name, next.length > 0, code !== undefined]).toEqual([kind, name, true, true]);
        expect(code).not.toBe("internal");
      }
      expect(report.success).toBe(report.exit === 0);
    });
    await Promise.all(all);
  });

  test("a server that does not reply in HTTP is a failed step", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined).end("220 mail.example.com ESMTP\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const report = await examine({ ews: { url: `http://127.0.0.1:${port}/EWS/Exchange.asmx` }, auth: basic(), mailbox: "a@example.com" });
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "broken-reply" });
  });
});

test("a wrong clock is reported with its difference", async () => {
  const lab = await openLab();
  const report = await examine(service(lab), { now: () => Date.now() - 660_000 });
  expect(report.step("clock")).toMatchObject({ status: "warning" });
  expect(report.step("clock").found).toMatch(/^this machine is 6(59|60|61) s behind the server/);
  expect(report.next("clock")).toContain("w32tm /resync");
});

test("the version is read from any reply that has it, even if the mailbox does not exist", async () => {
  const report = await examine(service(await openLab()), { mailbox: "nobody@example.com" });
  expect(report.step("mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
  expect(report.step("server-version").found).toMatch(/^Exchange Server SE \(15\.2\./);
  const actions = ["get-out-of-office"] as const;
  const unasked = await examine(service(await openLab()), { mailbox: "nobody@example.com", actions });
  expect(unasked.step("discovery").status).toBe("skipped");
  expect(unasked.step("server-version").found).toMatch(/^Exchange Server SE \(15\.2\./);
});
