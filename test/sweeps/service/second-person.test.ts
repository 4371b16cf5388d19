import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/state/postgres.ts";
import { needsSecondPerson } from "../../../src/sweeps/service/second-person.ts";
import { backends } from "../../actions/lab-host.ts";
import { soon } from "../../soon.ts";
import { openSweepServer, type SweepServer } from "../server.ts";
import { openSweepFixture, type SweepFixture } from "../sweep-fixture.ts";

test("the number of the settings counts residue, related copies and later arrivals as well", () => {
  const none = { messages: 1, mailboxes: 1, examined: 1, unexamined: 0 };
  expect(needsSecondPerson({ counts: none }, 1)).toBe(false);
  for (const more of [{ related: 1 }, { calendar_entries: 1 }, { recoverable_copies: 1 }, { sent_copies: 1 }])
    expect(needsSecondPerson({ counts: { ...none, ...more } }, 1)).toBe(true);
  const later = { seconds: 60, every_seconds: 60, limit: 1, mailboxes: [] };
  expect(needsSecondPerson({ counts: none, later }, 1)).toBe(true);
  // The smaller number counts, whether it is the plan's or the settings'.
  expect(needsSecondPerson({ counts: none, second_person_above: 0 }, 5)).toBe(true);
  expect(needsSecondPerson({ counts: none, second_person_above: 5 }, 0)).toBe(true);
  expect(needsSecondPerson({ counts: none }, undefined)).toBe(false);
});

const people = ["user01@example.com", "user02@example.com"];

describe.each(backends)("above the number of the settings a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  let server: SweepServer;
  const keys: Record<string, string> = {};
  let id = "";
  let number = 0;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
    const settings = JSON.parse(readFileSync(fixture.config, "utf8"));
    writeFileSync(fixture.config, JSON.stringify({ ...settings, sweep: { second_person_above: 1 } }));
    server = await openSweepServer(fixture);
    const made = {
      ann: ["read,contain,approve", "ann@example.com"],
      annAgain: ["approve", "Ann@Example.com "],
      bob: ["contain,approve", "bob@example.com"],
      cat: ["read,contain", "cat@example.com"],
    };
    for (const [name, [role = "", owner = ""]] of Object.entries(made)) keys[name] = await server.key("--role", role, "--owner", owner);
    keys.nobody = await server.key("--role", "read,contain,approve");
  });
  afterAll(async () => {
    await server.close();
    await fixture.close();
  });
  beforeEach(() => {
    number += 1;
    id = `<campaign.${number}@mailer.example.net>`;
    for (const person of people) fixture.host.put(person, { internetMessageId: id, subject: "Your invoice" });
  });
  const plan = async (key: string, mailboxes: readonly string[] = people) =>
    (await server.ask(keys[key] ?? "", "POST", "/v1/sweeps", { internet_message_id: [id], mailboxes, action: "delete-email" })).body;
  const step = async (key: string, sweep: { sweep: string; plan_hash: string }, name: string, hash: string | undefined = sweep.plan_hash) =>
    (await server.ask(keys[key] ?? "", "POST", `/v1/sweeps/${sweep.sweep}/${name}`, { plan: hash })).body;
  const there = () =>
    people.flatMap((person) =>
      [...fixture.host.mailbox(person).items()].filter((item) => item.internetMessageId === id).map(({ folder }) => folder.name),
    );
  const denied = (why: string) => ({ code: "access-denied", detail: expect.stringContaining(why) });

  test("runs after another person has approved exactly this plan", async () => {
    const sweep = await plan("ann");
    expect(sweep.message).toContain("Another person has to approve it");
    expect(sweep.planned_by).toBe("ann@example.com");
    expect(sweep.second_person_above).toBe(1);
    expect(await step("ann", sweep, "run")).toMatchObject(denied("Another person has to approve"));
    expect(await step("bob", sweep, "approve", "0".repeat(64))).toMatchObject({ code: "changed" });
    expect(await step("bob", sweep, "approve")).toMatchObject({ state: "approved", approved_by: "bob@example.com" });
    expect(await step("bob", sweep, "run")).toMatchObject(denied("Whoever approved it"));
    expect(there()).toEqual(["Inbox", "Inbox"]);
    expect(await step("ann", sweep, "run")).toMatchObject({ success: true });
    await soon(async () =>
      expect((await server.ask(keys.ann ?? "", "GET", `/v1/sweeps/${sweep.sweep}`)).body).toMatchObject({ counts: { done: 2 } }),
    );
  });

  test("is not approved by the same person, be it with another API key, by nobody known, or without the role", async () => {
    const sweep = await plan("ann");
    expect(await step("ann", sweep, "approve")).toMatchObject(denied("the person who planned it"));
    expect(await step("annAgain", sweep, "approve")).toMatchObject(denied("the person who planned it"));
    expect(await step("nobody", sweep, "approve")).toMatchObject(denied("no owner"));
    expect(await step("cat", sweep, "approve")).toMatchObject(denied("the role approve"));
    expect(await step("cat", sweep, "run")).toMatchObject(denied("Another person has to approve"));
    expect(await step("bob", await plan("nobody"), "approve")).toMatchObject(denied("Who planned it is not known"));
    expect(there()).toEqual(["Inbox", "Inbox"]);
  });

  test("is refused when somebody has changed its plan after the approval", async () => {
    const sweep = await plan("ann");
    await step("bob", sweep, "approve");
    const database = await openDatabase({ directory: `${fixture.folder}/state` });
    await database.execute("UPDATE mailcordon.sweep_targets SET facts = replace(facts, 'user02', 'user03') WHERE sweep = $1", [
      sweep.sweep,
    ]);
    await database.close();
    expect(await step("ann", sweep, "run")).toMatchObject({ code: "changed" });
    expect(there()).toEqual(["Inbox", "Inbox"]);
  });

  test("is not run by the command line without that approval, and is with it", async () => {
    const words = ["--internet-message-id", id, "--mailboxes", people.join(","), "--then", "delete-email"];
    const planned = await fixture.sweep("plan", ...words);
    // The server works on it.
    const run = () => fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes", "--detach");
    expect(await run()).toMatchObject({ error: { code: "access-denied" } });
    expect(await fixture.sweep("approve", planned.sweep, "--plan", planned.plan_hash)).toMatchObject({ error: { code: "access-denied" } });
    expect(there()).toEqual(["Inbox", "Inbox"]);
    // The plan says it as well: settings that were changed since change nothing of that.
    const settings = readFileSync(fixture.config, "utf8");
    writeFileSync(fixture.config, JSON.stringify({ ...JSON.parse(settings), sweep: {} }));
    expect(await run()).toMatchObject({ error: { code: "access-denied" } });
    writeFileSync(fixture.config, settings);
    expect(await step("bob", { sweep: planned.sweep, plan_hash: planned.plan_hash }, "approve")).toMatchObject({ state: "approved" });
    expect(await run()).toMatchObject({ exit: 0, state: "running" });
    await soon(async () => expect(await fixture.sweep("status", planned.sweep)).toMatchObject({ counts: { done: 2 } }));
  });

  test("of at most that many targets may be approved by one person", async () => {
    const sweep = await plan("ann", people.slice(0, 1));
    expect(await step("ann", sweep, "run")).toMatchObject({ success: true });
  });
});
