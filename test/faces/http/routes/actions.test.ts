import { afterAll, beforeAll, expect, test } from "vitest";
import type { State } from "../../../../src/state/state.ts";
import { harmlessJson } from "../../../../src/text/harmless-json.ts";
import { temporaryState } from "../../../state/temporary.ts";
import { opened, toyCatalogue } from "../../toy.ts";
import { type CallOptions, startToys, type ToyServer } from "../server.ts";

// What each reply means, app.test.ts holds; here is how it looks, over the toys that every face has.
const folder = temporaryState();
let state: State;
let toys: ToyServer;
let admin: string;
beforeAll(async () => {
  state = await folder.open();
  const connections = { names: ["toy"], defaultName: "toy", open: async () => opened() };
  toys = await startToys(state, {}, { catalogue: toyCatalogue, connections });
  admin = await toys.key(["admin"]);
});
afterAll(async () => {
  await toys.close();
  await folder.remove();
});

const requests: readonly (readonly [string, Omit<CallOptions, "key">])[] = [
  ["/v1/actions", {}],
  ["/v1/actions/shear-sheep", {}],
  ["/v1/actions/count-sheep", { body: { names: ["Dolly", "Molly"], limit: 1 } }],
  ["/v1/actions/shear-sheep", { body: { dry_run: true } }],
  ["/v1/actions/shear-sheep", { body: {} }],
  ["/v1/actions/count-sheep", { body: { wolf: "hungry" } }],
  ["/v1/actions/count-sheep", { body: { wolves: 2, limit: 0 } }],
  ["/v1/actions/shear-goats", { body: {} }],
  ["/v1/actions/count-sheep", { method: "PUT", body: {} }],
];

test("the replies over a toy catalogue equal the golden file", async () => {
  const said: string[] = [];
  for (const [path, { body, method = body === undefined ? "GET" : "POST" }] of requests) {
    const headers = { "x-request-id": "golden" };
    const reply = await toys.call(path, { key: admin, method, headers, body });
    // Harmless to show, whatever a mail or a server says.
    expect(reply.text).toBe(harmlessJson(reply.json));
    const names = ["content-type", "allow", "retry-after", "x-request-id", "cache-control", "x-content-type-options"];
    const head = names.flatMap((name) => (reply.headers.has(name) ? [`${name}: ${reply.headers.get(name)}`] : []));
    const asked = body === undefined ? "" : ` ${JSON.stringify(body)}`;
    said.push([`${method} ${path}${asked}`, "", `HTTP ${reply.status}`, ...head, "", harmlessJson(reply.json, 2), ""].join("\n"));
  }
  await expect(said.join(`\n${"-".repeat(60)}\n\n`)).toMatchFileSnapshot("../../golden/http.txt");
});
