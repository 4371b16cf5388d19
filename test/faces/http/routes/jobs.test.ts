import { beforeAll, describe, expect, test, vi } from "vitest";
import { Failure } from "../../../../src/failure.ts";
import type { Job } from "../../../../src/state/jobs.ts";
import type { Role } from "../../../../src/state/keys.ts";
import { soon } from "../../../soon.ts";
import { startToys } from "../server.ts";
import { folder, state, toys } from "../stage.ts";

let key: string;
beforeAll(async () => {
  key = await toys.key(["read", "send", "contain"]);
});

const later = (action: string, body: object, headers: Readonly<Record<string, string>> = {}, server = toys) =>
  server.call(`/v1/actions/${action}`, { key, body, headers: { prefer: "respond-async", ...headers } });

const ended = (link: unknown) =>
  soon(async () => {
    const { json } = await toys.call(String(link), { key });
    expect(json.finished_at).toBeDefined();
    return json;
  });

test("an asynchronous call returns a location immediately, which later returns the answer", async () => {
  const { status, headers, json } = await later("count-sheep", { mailbox: "ann@example.com" });
  const link = `/v1/jobs/${json.job_id}`;
  expect([status, headers.get("location"), headers.get("preference-applied")]).toEqual([202, link, "respond-async"]);
  expect(json).toEqual({
    job_id: expect.any(String),
    action: "count-sheep",
    status: "queued",
    status_url: link,
    events_url: `${link}/events`,
  });
  expect(await ended(link)).toMatchObject({
    job_id: json.job_id,
    action: "count-sheep",
    status: "finished",
    answer: { success: true, sheep: 2, mailbox: "ann@example.com" },
  });
});

test("an asynchronous call that fails returns problem details at its location", async () => {
  const { json } = await later("count-sheep", { wolf: "busy" }, { "x-request-id": "mine" });
  expect(await ended(json.status_url)).toMatchObject({ status: "finished", problem: { code: "busy", status: 503, request_id: "mine" } });
});

test("a repeat of an asynchronous call with its idempotency key returns the same location even without asking for a job", async () => {
  const twice = { "idempotency-key": "later-once" };
  const first = await later("tell-shepherd", { text: "once" }, twice);
  const again = await toys.call("/v1/actions/tell-shepherd", { key, body: { text: "once" }, headers: twice });
  expect([again.status, again.text, again.headers.get("location")]).toEqual([202, first.text, first.headers.get("location")]);
  expect(again.headers.get("location")).toBe(first.json.status_url);
});

test("a caller without the role cannot make an asynchronous call either", async () => {
  const reader = await toys.key(["read"]);
  const { status } = await toys.call("/v1/actions/tell-shepherd", {
    key: reader,
    body: { text: "x" },
    headers: { prefer: "respond-async" },
  });
  expect(status).toBe(403);
});

test("an asynchronous call reaches no more mailboxes than a direct call", async () => {
  const some = await toys.key(["read"], { mailboxes: ["ann@example.com"] });
  const headers = { prefer: "respond-async" };
  const { json } = await toys.call("/v1/actions/count-sheep", { key: some, body: { mailbox: "bob@example.com" }, headers });
  await soon(async () => {
    expect((await toys.call(String(json.status_url), { key: some })).json).toMatchObject({ problem: { code: "access-denied" } });
  });
});

test("a job of another caller is not found, except by an administrator", async () => {
  const { json } = await later("count-sheep", {});
  for (const path of [json.status_url, json.events_url]) {
    expect((await toys.call(String(path), { key: await toys.key(["read"]) })).status).toBe(404);
    expect((await toys.call(String(path), { key: await toys.key(["admin"]) })).status).toBe(200);
  }
  expect((await toys.call(String(json.status_url), { key: await toys.key(["read"]), method: "DELETE" })).status).toBe(404);
});

test.each(["x", "00000000-0000-0000-0000-000000000000", "..%2f..", "%00"])("a job with the id %s is not found", async (id) => {
  expect((await toys.call(`/v1/jobs/${id}`, { key })).status).toBe(404);
});

test("the same idempotency key returns the same job, which is done once", async () => {
  const headers = { "idempotency-key": "job-once" };
  const first = await later("tell-shepherd", { text: "job-once" }, headers);
  const second = await later("tell-shepherd", { text: "job-once" }, headers);
  expect(second.json.job_id).toBe(first.json.job_id);
  expect([second.status, second.headers.get("location"), second.headers.get("idempotency-replayed")]).toEqual([
    202,
    first.json.status_url,
    "true",
  ]);
  await ended(first.json.status_url);
  expect(toys.told.filter((text) => text === "job-once")).toHaveLength(1);
  expect((await later("tell-shepherd", { text: "other" }, headers)).status).toBe(422);
});

test("a running job can be cancelled", async () => {
  const { json } = await later("count-sheep", { wait: true });
  await soon(() => expect(toys.waiting).toBe(1));
  const { status } = await toys.call(String(json.status_url), { key, method: "DELETE" });
  expect(status).toBe(200);
  expect(await ended(json.status_url)).toMatchObject({ status: "cancelled", problem: { code: "cancelled" } });
});

test("a call with files is answered directly, not as a job", async () => {
  const body = new FormData();
  body.append("input", JSON.stringify({ text: "with a file", attachments: [{ path: "one" }] }));
  body.append("one", new Blob(["text"]), "a.txt");
  const { status, json } = await toys.call("/v1/actions/tell-shepherd", { key, body, headers: { prefer: "respond-async" } });
  expect([status, json.success]).toEqual([200, true]);
});

describe("events of a job", () => {
  test("report progress and the end, and stop there", async () => {
    const { json } = await later("count-sheep", { wait: true, say: "counting\nevent: finished" });
    const reply = await fetch(`${toys.url}${json.events_url}`, { headers: { authorization: `Bearer ${key}` } });
    expect(reply.headers.get("content-type")).toBe("text/event-stream");
    await soon(() => expect(toys.waiting).toBe(1));
    await soon(async () => expect((await toys.call(String(json.status_url), { key })).json.progress).toBeDefined());
    toys.release();
    const text = await reply.text();
    const events = text.split("\n\n").filter((event) => event.startsWith("event:"));
    const parsed = events.map((event) => {
      const [, name, data = ""] = /^event: (\w+)\n(?:id: \w+\n)?data: (.*)$/.exec(event) ?? [];
      return { name, data: JSON.parse(data) };
    });
    expect(parsed.at(-1)).toMatchObject({ name: "finished", data: { status: "finished", answer: { sheep: 2 } } });
    expect(parsed.filter(({ name }) => name === "finished")).toHaveLength(1);
    expect(parsed.map(({ data }) => data.progress)).toContain("counting\nevent: finished");
  });

  test("of a job that has ended report only its end", async () => {
    const { json } = await later("count-sheep", {});
    await ended(json.status_url);
    const { text } = await toys.call(String(json.events_url), { key });
    expect(text).toMatch(/^event: finished\nid: end\ndata: \{.*\}\n\n$/);
  });

  test("are not repeated to a client that reconnects after the end", async () => {
    const { json } = await later("count-sheep", { wait: true });
    const again = (id: string) =>
      fetch(`${toys.url}${json.events_url}`, { headers: { authorization: `Bearer ${key}`, "last-event-id": id } });
    await soon(() => expect(toys.waiting).toBe(1));
    // Its head is here, so that the job was looked up while it ran.
    const early = await again("end");
    toys.release();
    expect(await early.text()).toContain("event: finished");
    expect((await again("end")).status).toBe(204);
    expect(await (await again("other")).text()).toContain("event: finished");
  });

  test("stop with the server", async () => {
    const own = await startToys(state);
    const { json } = await later("count-sheep", { wait: true }, {}, own);
    const reply = await fetch(`${own.url}${json.events_url}`, { headers: { authorization: `Bearer ${key}` } });
    const closing = own.app.close(0);
    expect(await reply.text()).not.toContain("event: finished");
    await closing;
    await own.close();
  });

  test("that fail because of the database are logged and stop", async () => {
    const watch = async function* (id: string) {
      const job = await state.jobs.get(id);
      if (job !== undefined) yield job;
      throw new Failure("unreachable", "The database went away.");
    };
    const own = await startToys({ ...state, jobs: { ...state.jobs, watch } });
    const { json } = await later("count-sheep", {}, {}, own);
    const headers = { "x-request-id": "broken-off" };
    const { status, text } = await own.call(String(json.events_url), { key, headers });
    expect([status, text.startsWith("event: ")]).toEqual([200, true]);
    const line = { level: "error", request_id: "broken-off", code: "unreachable", message: "The database went away." };
    expect(own.log).toContainEqual(line);
    await ended(json.status_url);
    await own.close();
  });
});

test("a job is found only with the rights under which it was created", async () => {
  const grants = { wide: undefined, narrow: ["bob@example.com"] };
  const readToken = async (token: string) => {
    const mailboxes = token === "narrow" ? grants.narrow : grants.wide;
    const granted: Role[] = token === "roles" ? ["read", "send"] : ["read"];
    return { id: "oidc:ann", name: "Ann", grant: { roles: granted, mailboxes, connections: token === "hill" ? ["hill"] : undefined } };
  };
  const own = await startToys(state, {}, { readToken });
  const headers = { prefer: "respond-async" };
  const { json } = await own.call("/v1/actions/count-sheep", { key: "wide", body: { mailbox: "ann@example.com" }, headers });
  const statuses = ["wide", "narrow", "hill", "roles"].map(async (one) => {
    const paths = [String(json.status_url), String(json.events_url)];
    return Promise.all(paths.map(async (path) => (await own.call(path, { key: one })).status));
  });
  expect(await Promise.all(statuses)).toEqual([
    [200, 200],
    [404, 404],
    [404, 404],
    [404, 404],
  ]);
  expect((await own.call(String(json.status_url), { key: "narrow", method: "DELETE" })).status).toBe(404);
  await own.close();
});

describe("a job whose caller lost access", () => {
  test("is not shown to an administrator limited to some mailboxes or connections", async () => {
    const { json } = await later("count-sheep", { mailbox: "ann@example.com" });
    const narrow = await Promise.all([
      toys.key(["admin"], { mailboxes: ["bob@example.com"] }),
      toys.key(["admin"], { connections: ["hill"] }),
    ]);
    for (const one of narrow) {
      expect((await toys.call(String(json.status_url), { key: one })).status).toBe(404);
      expect((await toys.call(String(json.events_url), { key: one })).status).toBe(404);
      expect((await toys.call(String(json.status_url), { key: one, method: "DELETE" })).status).toBe(404);
    }
    await ended(json.status_url);
  });

  test("ends its stream without the answer after a revocation", async () => {
    const gone = await toys.key(["read"]);
    const headers = { prefer: "respond-async" };
    const { json } = await toys.call("/v1/actions/count-sheep", { key: gone, body: { wait: true }, headers });
    await soon(() => expect(toys.waiting).toBe(1));
    const stream = await fetch(`${toys.url}${json.events_url}`, { headers: { authorization: `Bearer ${gone}` } });
    await state.keys.revoke(gone.split("_")[1] ?? "");
    toys.release();
    const text = await stream.text();
    expect(text).not.toContain('"sheep":2');
    expect(text).not.toContain("event: finished");
  });

  test("is removed from the queue after a revocation", async () => {
    const own = await folder.open();
    const gone = await toys.key(["send"]);
    // Every place is taken: it waits. Of one caller six jobs run.
    const two = await toys.key(["read"]);
    const busy: Awaited<ReturnType<typeof later>>[] = [];
    for (let count = 0; count < 6; count += 1) busy.push(await later("count-sheep", { wait: true }));
    for (let count = 0; count < 2; count += 1) {
      await toys.call("/v1/actions/count-sheep", { key: two, body: { wait: true }, headers: { prefer: "respond-async" } });
    }
    await soon(() => expect(toys.waiting).toBe(8));
    const { json } = await toys.call("/v1/actions/tell-shepherd", {
      key: gone,
      body: { text: "from a thief" },
      headers: { prefer: "respond-async" },
    });
    await own.keys.revoke(gone.split("_")[1] ?? "");
    const admin = await toys.key(["admin"]);
    await soon(async () => {
      expect((await toys.call(String(json.status_url), { key: admin })).json.status).toBe("cancelled");
    });
    toys.release();
    for (const { json } of busy) await ended(json.status_url);
    expect(toys.told).not.toContain("from a thief");
  });
});

describe("a stream of events", () => {
  test("is one of twenty for each caller", async () => {
    const { json } = await later("count-sheep", { wait: true });
    await soon(() => expect(toys.waiting).toBe(1));
    const leaving = new AbortController();
    const follow = (who: string) =>
      fetch(`${toys.url}${json.events_url}`, { headers: { authorization: `Bearer ${who}` }, signal: leaving.signal });
    const open = await Promise.all(Array.from({ length: 20 }, () => follow(key)));
    expect(open.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await follow(key)).status).toBe(429);
    expect((await follow(await toys.key(["admin"]))).status).toBe(200);
    leaving.abort();
    toys.release();
    await ended(json.status_url);
    await soon(async () => expect((await toys.call(String(json.events_url), { key })).status).toBe(200));
  });

  test("requested with HEAD watches no job", async () => {
    const watched: string[] = [];
    const jobs = {
      ...state.jobs,
      work: async () => undefined,
      watch: (id: string, signal: AbortSignal) => {
        watched.push(id);
        return state.jobs.watch(id, signal);
      },
    };
    const own = await startToys({ ...state, jobs });
    const { json } = await later("count-sheep", { wait: true }, {}, own);
    const { status, headers } = await own.call(String(json.events_url), { key, method: "HEAD" });
    expect([status, headers.get("content-type"), watched]).toEqual([200, "text/event-stream", []]);
    await own.call(String(json.status_url), { key, method: "DELETE" });
    toys.release();
    await own.close();
  });

  test("whose reader left while the database hangs harms no other caller", async () => {
    let hangs: ((job: IteratorResult<Job>) => void) | undefined;
    const stuck = { [Symbol.asyncIterator]: () => stuck, next: () => new Promise<IteratorResult<Job>>((resolve) => (hangs = resolve)) };
    const jobs = { ...state.jobs, work: async () => undefined, watch: () => stuck as AsyncGenerator<Job> };
    const own = await startToys({ ...state, jobs });
    const { json } = await later("count-sheep", {}, {}, own);
    const breaths: (() => void)[] = [];
    const every = vi.spyOn(globalThis, "setInterval").mockImplementation((breath) => {
      breaths.push(breath as () => void);
      return setTimeout(() => undefined, 0) as unknown as NodeJS.Timeout;
    });
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${key}` };
    const reply = await fetch(`${own.url}${json.events_url}`, { headers, signal: leaving.signal });
    every.mockRestore();
    const reading = reply.text().catch(() => "left");
    leaving.abort();
    expect(await reading).toBe("left");
    await soon(() => expect(own.log.some(({ route }) => route === "/v1/jobs/:id/events")).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(breaths.length).toBeGreaterThan(0);
    const rejected: unknown[] = [];
    const note = (thrown: unknown) => rejected.push(thrown);
    process.on("unhandledRejection", note);
    for (const breath of breaths) expect(breath).not.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.off("unhandledRejection", note);
    expect(rejected).toEqual([]);
    hangs?.({ done: true, value: undefined });
    await own.call(String(json.status_url), { key, method: "DELETE" });
    await own.close();
  });
});
