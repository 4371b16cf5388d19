import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { soon } from "../../soon.ts";
import { openSweepServer, type SweepServer } from "../../sweeps/server.ts";
import { openSweepFixture, type SweepFixture } from "../../sweeps/sweep-fixture.ts";
import { noPython, realService, run, without } from "./stage.ts";

const people = ["user01@example.com", "user02@example.com"];
const id = "<campaign.1@mailer.example.net>";

describe("the actions of sweeps", () => {
  test("have their kinds, and an idempotency key exactly where something changes", () => {
    expect(realService.sweeps.map(({ name, type, script }) => [name, type, script.code.includes("once=ONCE")])).toEqual([
      ["Plan Sweep", "Enrichment", true],
      ["Approve Sweep", "Containment", true],
      ["Start Sweep", "Containment", true],
      ["Sweep Status", "Enrichment", false],
      ["Sweep Report", "Enrichment", false],
      ["Undo Sweep", "Containment", true],
    ]);
  });
});

describe.skipIf(noPython).each(backends)(`a playbook with sweeps over %s${without}`, (backend) => {
  let fixture: SweepFixture;
  let server: SweepServer;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
    server = await openSweepServer(fixture);
    for (const person of people) fixture.host.put(person, { internetMessageId: id, subject: "Your invoice" });
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });

  test("plans, approves, starts, follows, reports and undoes", async () => {
    const key = await server.key("--role", "read,contain");
    const script = async (title: string, environment: Readonly<Record<string, string>>) => {
      const code = realService.sweeps.find(({ name }) => name === title)?.script.code ?? "";
      const ran = await run(code, { api_url: server.url, api_key: key, ...environment });
      return { code: ran.code, err: ran.err, ...(ran.out.startsWith("{") ? JSON.parse(ran.out) : {}) };
    };
    const refused = await script("Plan Sweep", { mailboxes: people.join(","), action: "send-email", internet_message_id: id });
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("invalid-input") });
    const planned = await script("Plan Sweep", {
      mailboxes: people.join(","),
      action: "delete-email",
      internet_message_id: id,
      input: '{"keep_evidence": true}',
    });
    expect(planned).toMatchObject({ code: 0, err: "", state: "planned", counts: { messages: 2 }, input: { keep_evidence: true } });
    expect(planned.status_url).toBe(`${server.url}/v1/sweeps/${planned.sweep}`);
    const { sweep, plan_hash: plan } = planned;
    expect(await script("Start Sweep", { sweep })).toMatchObject({ code: 1, err: expect.stringContaining("confirmation-required") });
    expect(await script("Approve Sweep", { sweep, plan })).toMatchObject({ code: 0, state: "approved" });
    expect(await script("Start Sweep", { sweep })).toMatchObject({ code: 0, err: "" });
    await soon(async () =>
      expect(await script("Sweep Status", { sweep })).toMatchObject({ code: 0, state: "finished", counts: { done: 2 } }),
    );
    const report = await script("Sweep Report", { sweep });
    expect(report.targets.map(({ state }: { state: string }) => state)).toEqual(["done", "done"]);
    expect(await script("Undo Sweep", { sweep })).toMatchObject({ code: 0 });
    await soon(async () => expect(await script("Sweep Status", { sweep })).toMatchObject({ counts: { undone: 2 } }));
    expect(await script("Sweep Status", { sweep: "../../healthz" })).toMatchObject({
      code: 1,
      err: expect.stringContaining("Sweep must be"),
    });
  });
});
