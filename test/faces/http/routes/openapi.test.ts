import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { soon } from "../../../soon.ts";
import { type HeldDescription, openDescription } from "../described.ts";
import { type CallOptions, startToys } from "../server.ts";
import { admin as key, state, toys } from "../stage.ts";

let sender: string;
let description: HeldDescription;

beforeAll(async () => {
  sender = await toys.key(["send"]);
  description = openDescription((await toys.call("/openapi.json", { key })).json);
});

async function held(path: string, options: CallOptions = {}, server = toys) {
  const reply = await server.call(path, options);
  const method = options.method ?? (options.body === undefined ? "GET" : "POST");
  description.hold(method, path, reply);
  return reply;
}

const later = { prefer: "respond-async" };

test("every reply over a real socket matches the description of its path and status", async () => {
  const count = "/v1/actions/count-sheep";
  const shear = "/v1/actions/shear-sheep";
  const tell = "/v1/actions/tell-shepherd";
  const { json: kept } = await held(count, { key, body: { keep: "wool", mailbox: "ann@example.com" } });
  await held(count, { key, body: { wolf: "busy" } });
  await held(count, { key, body: { wolf: "defect" } });
  await held(count, { key, body: { wolves: 1 } });
  await held(count, { key, body: "{", headers: { "content-type": "text/plain" } });
  await held(count, { key: sender, body: {} });
  await held(count, { body: {} });
  await held(shear, { key, body: {} });
  await held(shear, { key, body: { confirm: true } });
  await held(tell, { key, body: { text: "twice" }, headers: { "idempotency-key": "one" } });
  await held(tell, { key, body: { text: "twice" }, headers: { "idempotency-key": "one" } });
  await held(tell, { key, body: { text: "another" }, headers: { "idempotency-key": "one" } });
  await held(`${tell}?connection=valley`, { key, body: { text: "nowhere" } });

  await held("/v1/actions", { key });
  await held("/v1/actions?page=2", { key });
  await held("/v1/actions/shear-sheep", { key });
  await held("/v1/actions/shear-goats", { key });
  await held("/v1/connection/test", { key, body: { mailbox: "ann@example.com" } });
  await held("/v1/connection/test", { key, body: { else: 1 } });
  await held(`/v1/evidence/${kept.sha256}`, { key });
  await held(`/v1/evidence/${"0".repeat(64)}`, { key });
  for (const path of ["/openapi.json?version=3.0", "/openapi.json?version=2.0", "/metrics", "/healthz", "/readyz"])
    await held(path, { key });
  await held("/metrics", { key: sender });

  for (const [path, body] of [
    [count, { say: "counting\u202e" }],
    [count, { wolf: "busy" }],
    [shear, { confirm: true }],
    [tell, { text: "in time" }],
  ] as const) {
    const { json: job } = await held(path, { key, body, headers: later });
    await held(String(job.events_url), { key });
    await held(String(job.events_url), { key, headers: { "last-event-id": "end" } });
    expect((await held(String(job.status_url), { key })).json.status).toBe("finished");
    await held(String(job.status_url), { key: sender });
    await held(String(job.events_url), { key: sender });
  }
  const { json: long } = await held(count, { key, body: { wait: true, say: "counting\u202e" }, headers: later });
  await soon(() => expect(toys.waiting).toBe(1));
  await held(String(long.status_url), { key });
  await held(String(long.status_url), { key, method: "DELETE" });
  await held(String(long.status_url), { key: sender, method: "DELETE" });
});

test("the replies of a server that is being stopped are described as well", async () => {
  const own = await startToys(state);
  await own.app.close(0);
  for (const path of ["/healthz", "/readyz", "/v1/actions", "/v1/jobs/x", "/v1/evidence/x", "/metrics", "/openapi.json"])
    await held(path, { key }, own);
  await held("/v1/actions/count-sheep", { key, body: {} }, own);
  await own.close();
});

test("every described success and refusal of an operation occurs", () => {
  // Sweeps have a test of their own, over a lab.
  const all = description.all.filter((each) => !each.includes(" /v1/sweeps"));
  expect(all.length).toBeGreaterThan(30);
  expect(all.filter((each) => !each.endsWith("5XX") && !description.seen.has(each))).toEqual([]);
});

test("the check finds a reply of another shape and an undescribed member", () => {
  const list = { $ref: "#/components/schemas/ActionList" };
  expect(description.problemsOf(list, [])).not.toEqual([]);
  expect(description.problemsOf(list, { actions: [{ name: "count-sheep" }] })).not.toEqual([]);
  expect(description.undescribed(list, { actions: [], pages: 2 })).toEqual(["pages"]);
});

test("every route is described", () => {
  const source = join(import.meta.dirname, "../../../../src/faces/http");
  const texts = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(source, file), "utf8"));
  const routes = texts.flatMap((text) => [...text.matchAll(/\bapp\.(get|post|put|patch|delete)\("([^"]+)"/g)]);
  expect(routes.length).toBeGreaterThan(10);
  const names = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`),
  );
  for (const action of ["count-sheep", "shear-sheep", "tell-shepherd"]) expect(names).toContain(`post /v1/actions/${action}`);
  const undescribed = routes
    .map(([, method, path = ""]) => `${method} ${path.replace(/:\w+/g, "{}")}`)
    .filter((name) => !names.includes(name));
  // The actions have a path each.
  expect(undescribed).toEqual(["post /v1/actions/{}"]);
});
