import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { soon } from "../../../soon.ts";
import { type CallOptions, startToys } from "../server.ts";
import { admin as key, state, toys } from "../stage.ts";

let sender: string;
let description: z.output<typeof Description>;

const Media = z.record(z.string(), z.looseObject({ schema: z.looseObject({}) }));
const Reply = z.looseObject({ $ref: z.string().optional(), content: Media.optional() });
const Operation = z.looseObject({ responses: z.record(z.string(), Reply) });
const Description = z.looseObject({
  paths: z.record(z.string(), z.looseObject({ get: Operation, post: Operation, delete: Operation }).partial()),
  components: z.looseObject({ responses: z.record(z.string(), Reply), schemas: z.record(z.string(), z.looseObject({})) }),
});

beforeAll(async () => {
  sender = await toys.key(["send"]);
  description = Description.parse((await toys.call("/openapi.json", { key })).json);
});

/** What was answered so far, as the description names it: `get /v1/actions 200`. */
const seen = new Set<string>();

/** Asks, and holds the reply to what the description says of that path, method and status. */
async function held(path: string, options: CallOptions = {}, server = toys) {
  const reply = await server.call(path, options);
  const method = options.method ?? (options.body === undefined ? "GET" : "POST");
  const { template, responses } = described(path, method.toLowerCase());
  const status = [String(reply.status), `${Math.floor(reply.status / 100)}XX`].find((name) => responses[name] !== undefined);
  expect(status, `${method} ${template} answered ${reply.status}, which is not described`).toBeDefined();
  // Harmless to show: what turns the direction of text stands there by its number.
  expect(reply.text).not.toContain("\u202e");
  seen.add(`${method.toLowerCase()} ${template} ${status}`);
  const said = responses[status ?? ""] ?? {};
  const { content = {} } = said.$ref === undefined ? said : (description.components.responses[said.$ref.split("/").at(-1) ?? ""] ?? {});
  if (reply.status === 204) {
    expect([content, reply.text]).toEqual([{}, ""]);
    return reply;
  }
  const [type = ""] = (reply.headers.get("content-type") ?? "").split(";");
  expect(Object.keys(content), `${method} ${template}`).toContain(type);
  const schema = content[type]?.schema ?? {};
  expect([path, reply.status, problemsOf(schema, /json/.test(type) ? reply.json : reply.text)]).toEqual([path, reply.status, []]);
  if (/json/.test(type)) expect([path, reply.status, undescribed(schema, reply.json)]).toEqual([path, reply.status, []]);
  return reply;
}

/** The operation that a path is one of: a path of its own goes before one with a name in braces. */
function described(path: string, method: string) {
  const plain = path.split("?")[0] ?? "";
  const templates = Object.keys(description.paths).filter((template) =>
    new RegExp(`^${template.replace(/\{[^}]*\}/g, "[^/]+")}$`).test(plain),
  );
  // An action that is not there is one that cannot be described.
  const wanted = templates.sort((a, b) => Number(a.includes("{")) - Number(b.includes("{")));
  for (const template of wanted) {
    const operation = Operation.safeParse(description.paths[template]?.[method === "get" || method === "post" ? method : "delete"]);
    if (operation.success) return { template, responses: operation.data.responses };
  }
  throw new Error(`${method} ${path} is not described`);
}

function problemsOf(schema: object, value: unknown): readonly unknown[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { binary: true } });
  const validate = ajv.compile({ components: description.components, ...schema });
  return validate(value) ? [] : (validate.errors ?? []);
}

/** Members of a document that its schema does not name: nobody could know of them. */
function undescribed(schema: object, value: Readonly<Record<string, unknown>>): readonly string[] {
  const { $ref } = z.looseObject({ $ref: z.string().optional() }).parse(schema);
  const whole = $ref === undefined ? schema : (description.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  const { properties } = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).parse(whole);
  return properties === undefined ? [] : Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
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
  const all = Object.entries(description.paths).flatMap(([path, operations]) =>
    (["get", "post", "delete"] as const).flatMap((method) =>
      Object.keys(operations[method]?.responses ?? {}).map((status) => `${method} ${path} ${status}`),
    ),
  );
  expect(all.length).toBeGreaterThan(30);
  expect(all.filter((each) => !each.endsWith("5XX") && !seen.has(each))).toEqual([]);
});

test("the check finds a reply of another shape and an undescribed member", () => {
  const list = { $ref: "#/components/schemas/ActionList" };
  expect(problemsOf(list, [])).not.toEqual([]);
  expect(problemsOf(list, { actions: [{ name: "count-sheep" }] })).not.toEqual([]);
  expect(undescribed(list, { actions: [], pages: 2 })).toEqual(["pages"]);
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
