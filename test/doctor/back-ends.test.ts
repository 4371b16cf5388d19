import { describe, expect, test } from "vitest";
import type { LabOptions } from "../../src/lab/lab.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { tenantWith } from "../wire/sign-in/tenant.ts";
import { allWork, type Changes, type Examined, examine, openLab, type Setting } from "./examine.ts";
import { application, environment, every, exit, mailbox, type Online, works } from "./online.ts";

describe("a hybrid connection", () => {
  const elsewhere = "user05@example.com";
  async function hybrid(changes: Changes = {}, ews: Setting = {}, options: LabOptions = {}): Promise<Online> {
    const lab = await openLab({
      tenant: tenantWith({ roles: { graph: [...every, "User.Read.All"] } }),
      onPremises: [elsewhere],
      ...options,
    });
    const connection = {
      backend: "auto",
      graph: { url: lab.graphUrl },
      auth: application(lab),
      ews: { url: lab.ewsUrl, auth: { basic: { username: socAddress, password: "env:SECRET" } }, ...ews },
      mailbox,
    };
    return { lab, report: await examine(connection, { environment: { ...environment, SECRET: labPassword }, ...changes }) };
  }

  test("that is healthy is healthy for a mailbox of either back end, each over the back end that holds it", async () => {
    const { report: cloud, lab } = await hybrid();
    expect(cloud).toMatchObject(allWork);
    expect(cloud.step("mailbox")).toMatchObject({ status: "skipped" });
    expect(lab.requests.some(({ operation }) => operation === "GetFolder")).toBe(false);
    const backends = ({ actions }: Examined) => Object.fromEntries(actions.map(({ action, backend }) => [action, backend]));
    expect(backends(cloud)).toMatchObject({ "delete-email": "graph", "get-searchable-mailboxes": "auto" });
    const { report: premises } = await hybrid({ mailbox: elsewhere });
    expect(premises).toMatchObject(allWork);
    expect(premises.step("graph-mailbox").found).toContain("this connection reaches it over EWS");
    expect(backends(premises)).toMatchObject({ "delete-email": "ews", "get-searchable-mailboxes": "auto" });
    for (const report of [cloud, premises]) expect(report.all("failed")).toEqual([]);
  });

  test("whose account on premises has a wrong password works for mailboxes in the cloud alone", async () => {
    const wrong = { auth: { basic: { username: socAddress, password: "env:OTHER_SECRET" } } };
    const { report } = await hybrid({}, wrong);
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(works(report)).toMatchObject({ "delete-email": "yes", "get-searchable-mailboxes": "no" });
    expect(report.exit).toBe(exit("unauthenticated"));
    const { report: premises } = await hybrid({ mailbox: elsewhere }, wrong);
    expect(new Set(Object.values(works(premises)))).toEqual(new Set(["no"]));
  });

  test("does not learn where a mailbox is if Graph does not answer", async () => {
    const { report } = await hybrid(
      { mailbox: elsewhere },
      {},
      { faults: [{ kind: "503", operation: "mailfolder-get", times: 99, backOffMs: 60_000 }] },
    );
    expect(report.step("graph")).toMatchObject({ status: "failed", code: "busy" });
    expect(report.actions.find(({ action }) => action === "delete-email")).toMatchObject({ works: "no", because: "graph" });
  });

  test("whose mailbox in the cloud has lost its licence is reported, beside the use of EWS", async () => {
    const { report } = await hybrid({}, {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "warning" });
    expect(report.step("graph-mailbox").found).toContain("no licence for Exchange Online");
  });
});
