import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifier } from "../../../../src/sweeps/report/verifier.ts";
import { SweepAnswerNoun, SweepListNoun, SweepReportNoun, SweepTargetsNoun } from "../../../../src/sweeps/service/answer-schemas.ts";
import { backends } from "../../../actions/lab-host.ts";
import { soon } from "../../../soon.ts";
import { openSweepServer, type SweepServer } from "../../../sweeps/server.ts";
import { openSweepFixture, type SweepFixture } from "../../../sweeps/sweep-fixture.ts";

const people = ["user01@example.com", "user02@example.com", "user03@example.com"];
const [first = "", second = ""] = people;

describe.each(backends)("sweeps over HTTP over %s", (backend) => {
  let fixture: SweepFixture;
  let server: SweepServer;
  let analyst = "";
  let id = "";
  let number = 0;
  beforeAll(async () => {
    fixture = await openSweepFixture(backend);
    server = await openSweepServer(fixture);
    analyst = await server.key("--role", "read,contain");
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
  const folders = () =>
    people.flatMap((person) =>
      [...fixture.host.mailbox(person).items()].filter((item) => item.internetMessageId === id).map((item) => item.folder.name),
    );
  const order = (mailboxes: readonly string[] = people) => ({ internet_message_id: [id], mailboxes, action: "delete-email" });
  const plan = (key = analyst, mailboxes?: readonly string[]) => server.ask(key, "POST", "/v1/sweeps", order(mailboxes));
  const step = (key: string, sweep: string, name: string, body?: object) => server.ask(key, "POST", `/v1/sweeps/${sweep}/${name}`, body);
  const status = async (sweep: string, key = analyst) => (await server.ask(key, "GET", `/v1/sweeps/${sweep}`)).body;
  const ended = (sweep: string) => soon(async () => expect(await status(sweep)).toMatchObject({ state: "finished" }));

  test("are planned, run by the server itself, reported and undone", async () => {
    const planned = await plan();
    expect(planned).toMatchObject({ status: 201, body: { state: "planned", counts: { messages: 3, mailboxes: 3 } } });
    expect(SweepAnswerNoun.safeParse(planned.body).error).toBeUndefined();
    const { sweep, plan_hash: hash, status_url: url } = planned.body;
    expect(planned.headers.get("location")).toBe(url);
    expect(planned.body.targets).toBeUndefined();
    expect(await step(analyst, sweep, "run")).toMatchObject({ status: 428, body: { code: "confirmation-required" } });
    expect(await step(analyst, sweep, "run", { plan: "0".repeat(64) })).toMatchObject({ status: 409, body: { code: "changed" } });
    expect(await step(analyst, sweep, "approve", { plan: hash })).toMatchObject({ status: 200, body: { state: "approved" } });
    expect(await step(analyst, sweep, "run")).toMatchObject({ status: 200 });
    await ended(sweep);
    expect(folders()).toEqual(["Deletions", "Deletions", "Deletions"]);
    const page = await server.ask(analyst, "GET", `/v1/sweeps/${sweep}/targets?limit=2`);
    expect(page.body).toMatchObject({ targets: [{ state: "done" }, { state: "done" }], next_after: 1 });
    const rest = await server.ask(analyst, "GET", `/v1/sweeps/${sweep}/targets?limit=2&after=1`);
    expect(rest.body.targets).toHaveLength(1);
    expect(rest.body.next_after).toBeUndefined();
    const report = await server.ask(analyst, "GET", `/v1/sweeps/${sweep}/report`);
    expect(SweepReportNoun.safeParse(report.body).error).toBeUndefined();
    expect(SweepTargetsNoun.safeParse(page.body).error).toBeUndefined();
    expect(SweepListNoun.safeParse((await server.ask(analyst, "GET", "/v1/sweeps")).body).error).toBeUndefined();
    expect(report.body.targets.map(({ state }: { state: string }) => state)).toEqual(["done", "done", "done"]);
    const csv = await server.ask(analyst, "GET", `/v1/sweeps/${sweep}/report?format=csv`);
    expect(csv.text.trim().split("\r\n")).toHaveLength(4);
    const html = await server.ask(analyst, "GET", `/v1/sweeps/${sweep}/report?format=html`);
    expect(html.headers.get("content-security-policy")).toContain("sandbox");
    expect(html.text).toContain("Your invoice");
    expect(await step(analyst, sweep, "undo")).toMatchObject({ status: 200 });
    await soon(async () => expect(await status(sweep)).toMatchObject({ state: "finished", counts: { undone: 3 } }));
    expect(folders()).toEqual(["Inbox", "Inbox", "Inbox"]);
    const callers = fixture
      .audit()
      .filter((entry) => entry.sweep === sweep && String(entry.action).startsWith("sweep ") && entry.targets !== undefined)
      .map(({ actor }) => String(actor).slice(0, 4));
    expect([...new Set(callers)]).toEqual(["key:"]);
  });

  test("have an evidence archive that its verifier accepts, and that only a caller with the role read who sees the sweep gets", async () => {
    const { sweep, plan_hash: hash } = (await server.ask(analyst, "POST", "/v1/sweeps", { ...order(), input: { keep_evidence: true } }))
      .body;
    await step(analyst, sweep, "run", { plan: hash });
    await ended(sweep);
    const path = `/v1/sweeps/${sweep}/archive`;
    const response = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${analyst}` } });
    const bytes = Buffer.from(await response.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/zip"]);
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    expect(response.headers.get("mailcordon-sha256")).toBe(sha256);
    expect(response.headers.get("mailcordon-not-known")).toBe("0");
    const file = join(fixture.folder, "archive.zip");
    writeFileSync(file, bytes);
    writeFileSync(join(fixture.folder, "verify.py"), verifier);
    execFileSync("python3", [join(fixture.folder, "verify.py"), file, sha256]);
    const kept = readdirSync(join(fixture.folder, "state", "archives"));
    expect(kept).toEqual([]);
    expect(fixture.audit()).toContainEqual(
      expect.objectContaining({ sweep, targets: [expect.objectContaining({ archive_sha256: sha256 })] }),
    );
    const refused = async (...flags: readonly string[]) => (await server.ask(await server.key(...flags), "GET", path)).status;
    expect(await refused("--role", "approve")).toBe(403);
    expect(await refused("--role", "contain")).toBe(403);
    expect(await refused("--role", "read", "--mailbox", first)).toBe(404);
    const own = await server.key("--role", "read", ...people.flatMap((person) => ["--mailbox", person]));
    expect((await server.ask(own, "GET", path)).status).toBe(200);
  });

  test("send their progress as events, and a client that reconnects after the end gets none", async () => {
    const { body } = await plan();
    await step(analyst, body.sweep, "run", { plan: body.plan_hash });
    const events = await server.ask(analyst, "GET", `/v1/sweeps/${body.sweep}/events`);
    const data = [...events.text.matchAll(/^data: (.*)$/gm)].map(([, json = ""]) => JSON.parse(json));
    expect(data.at(-1)).toMatchObject({ state: "finished", progress: { ended: 3, all: 3, failed: 0 }, counts: { done: 3 } });
    expect(events.text).toContain("event: finished\n");
    const last = [...events.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "";
    const again = await server.ask(analyst, "GET", `/v1/sweeps/${body.sweep}/events`, undefined, { "last-event-id": last });
    expect(again.status).toBe(204);
  });

  test("follow a sweep without a gap and without a duplicate if a client reconnects in the middle", async () => {
    const { body } = await plan();
    const path = `/v1/sweeps/${body.sweep}/events`;
    /** Reads a stream until `enough`, and leaves it. */
    const read = async (last: string | undefined, enough: (text: string) => boolean) => {
      const stop = new AbortController();
      const headers = { authorization: `Bearer ${analyst}`, ...(last === undefined ? {} : { "last-event-id": last }) };
      const response = await fetch(`${server.url}${path}`, { headers, signal: stop.signal });
      let text = "";
      try {
        for await (const piece of response.body ?? []) {
          text += Buffer.from(piece).toString();
          if (enough(text)) break;
        }
      } finally {
        stop.abort();
      }
      return [...text.matchAll(/^id: (.*)\ndata: (.*)$/gm)].map(([, event = "", data = ""]) => ({ event, ...JSON.parse(data) }));
    };
    const before = await read(undefined, (text) => text.includes("\n\n"));
    expect(before).toMatchObject([{ state: "planned" }]);
    const after = read(before[0]?.event, (text) => text.includes("event: finished"));
    // Longer than the stream takes to look for the first time.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await step(analyst, body.sweep, "run", { plan: body.plan_hash });
    const events = await after;
    expect(events.map(({ state }) => state)).not.toContain("planned");
    expect(events.at(-1)).toMatchObject({ state: "finished", counts: { done: 3 } });
    const ids = events.map(({ event }) => event);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("are held up, and go on", async () => {
    const { body } = await plan();
    fixture.host.lab.addFault({ kind: "delay", operation: backend === "ews" ? "MoveItem" : "message-move", times: 3, delayMs: 1500 });
    await step(analyst, body.sweep, "run", { plan: body.plan_hash });
    expect(await step(analyst, body.sweep, "pause")).toMatchObject({ status: 200, body: { state: "paused" } });
    expect(await step(analyst, body.sweep, "run")).toMatchObject({ status: 200, body: { state: "running" } });
    expect(await step(analyst, body.sweep, "pause")).toMatchObject({ status: 200, body: { state: "paused" } });
    expect(await step(analyst, body.sweep, "resume")).toMatchObject({ status: 200, body: { state: "running" } });
    await ended(body.sweep);
    expect(folders()).toEqual(["Deletions", "Deletions", "Deletions"]);
  });

  test("are planned in a job where the caller asks for one", async () => {
    const accepted = await server.ask(analyst, "POST", "/v1/sweeps", order(), { prefer: "respond-async" });
    expect(accepted).toMatchObject({ status: 202, body: { action: "sweep plan", status: "queued" } });
    await soon(async () => {
      const job = await server.ask(analyst, "GET", `/v1/jobs/${accepted.body.job_id}`);
      expect(job.body).toMatchObject({ status: "finished", plan: { state: "planned", counts: { messages: 3 } } });
    });
  });

  test("are planned once for one idempotency key", async () => {
    const headers = { "idempotency-key": `plan-${number}` };
    const one = await server.ask(analyst, "POST", "/v1/sweeps", order(), headers);
    const two = await server.ask(analyst, "POST", "/v1/sweeps", order(), headers);
    expect([one.status, two.status, two.body.sweep]).toEqual([201, 201, one.body.sweep]);
    expect(two.headers.get("idempotency-replayed")).toBe("true");
    const other = await server.ask(analyst, "POST", "/v1/sweeps", order([first]), headers);
    expect(other.status).toBe(422);
  });

  test("need the role read for a plan and contain for everything that changes", async () => {
    const reader = await server.key("--role", "read");
    const sender = await server.key("--role", "send");
    const approver = await server.key("--role", "approve");
    const { body } = await plan(reader);
    expect((await plan(sender)).status).toBe(403);
    for (const name of ["approve", "run", "pause", "resume", "cancel", "undo"])
      expect([name, (await step(reader, body.sweep, name, { plan: body.plan_hash })).status]).toEqual([name, 403]);
    expect((await server.ask(sender, "GET", `/v1/sweeps/${body.sweep}`)).status).toBe(403);
    expect(await step(approver, body.sweep, "approve", { plan: body.plan_hash })).toMatchObject({ body: { state: "approved" } });
    expect((await step(approver, body.sweep, "run")).status).toBe(403);
    expect(await step(analyst, body.sweep, "cancel")).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(folders()).toEqual(["Inbox", "Inbox", "Inbox"]);
  });

  test("show a key that is limited to mailboxes only targets in these, and act only there", async () => {
    const limited = await server.key("--role", "read,contain", "--mailbox", first, "--mailbox", second);
    const whole = await plan();
    expect((await server.ask(limited, "GET", `/v1/sweeps/${whole.body.sweep}`)).status).toBe(404);
    for (const name of ["approve", "run", "pause", "cancel", "undo", "resume"])
      expect((await step(limited, whole.body.sweep, name, { plan: whole.body.plan_hash })).status).toBe(404);
    for (const path of ["targets", "report", "events"])
      expect((await server.ask(limited, "GET", `/v1/sweeps/${whole.body.sweep}/${path}`)).status).toBe(404);
    const within = await plan(analyst, [first]);
    expect(await status(within.body.sweep, limited)).toMatchObject({ sweep: within.body.sweep });
    const outside = await plan(limited, people);
    expect(outside).toMatchObject({ status: 403, body: { code: "access-denied" } });
    const own = await plan(limited, ["all"]);
    expect(own.body.counts).toMatchObject({ messages: 2, mailboxes: 2 });
    const listed = (await server.ask(limited, "GET", "/v1/sweeps")).body.sweeps.map(({ sweep }: { sweep: string }) => sweep);
    expect(listed).toContain(own.body.sweep);
    expect(listed).not.toContain(whole.body.sweep);
    await step(limited, own.body.sweep, "run", { plan: own.body.plan_hash });
    await ended(own.body.sweep);
    expect(folders()).toEqual(["Deletions", "Deletions", "Inbox"]);
    await step(limited, own.body.sweep, "undo");
    await soon(async () => expect(await status(own.body.sweep)).toMatchObject({ state: "finished", counts: { undone: 2 } }));
    expect(folders()).toEqual(["Inbox", "Inbox", "Inbox"]);
  });

  test("never carry a message of a limited key to a mailbox that it may not reach", async () => {
    const limited = await server.key("--role", "read,contain", "--mailbox", first);
    const planned = await server.ask(limited, "POST", "/v1/sweeps", {
      ...order([first]),
      action: "copy-email",
      input: { destination_mailbox: second, destination_folder: "Inbox" },
    });
    if (planned.status === 201) {
      await step(limited, planned.body.sweep, "run", { plan: planned.body.plan_hash });
      await soon(async () => expect(await status(planned.body.sweep)).toMatchObject({ state: "finished", counts: { done: 0 } }));
    } else expect(planned.body.code).toBe("access-denied");
    expect([...fixture.host.mailbox(second).items()].filter((item) => item.internetMessageId === id)).toHaveLength(1);
  });

  test("refuse operations that their state does not allow, with the next step", async () => {
    const { body } = await plan();
    const refused = await step(analyst, body.sweep, "pause");
    expect(refused).toMatchObject({ status: 409, body: { code: "changed", hint: expect.stringContaining("sweep run") } });
    expect(refused.body.detail).toBe(`Nothing was done: the sweep ${body.sweep} is planned, so it cannot be paused.`);
    expect((await step(analyst, body.sweep, "approve")).body.code).toBe("invalid-input");
    expect((await step(analyst, body.sweep, "run", { hash: "x" })).body.code).toBe("invalid-input");
    expect((await server.ask(analyst, "GET", `/v1/sweeps/${body.sweep}/report?format=xml`)).body.code).toBe("invalid-input");
    expect((await server.ask(analyst, "PUT", `/v1/sweeps/${body.sweep}`)).status).toBe(405);
    expect((await server.ask(analyst, "POST", "/v1/sweeps", { ...order(), action: "send-email" })).body.code).toBe("invalid-input");
    expect((await server.ask(analyst, "POST", "/v1/sweeps", { mailboxes: "all", action: "delete-email", x: 1 })).status).toBe(400);
  });

  test("answer exactly the members that their description has", async () => {
    expect((await server.ask(await server.key("--role", "send"), "GET", "/v1/sweeps")).status).toBe(403);
    const all = server.description.all.filter((each) => each.includes(" /v1/sweeps"));
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((each) => !each.endsWith("5XX") && !server.description.seen.has(each))).toEqual([]);
  });
});
