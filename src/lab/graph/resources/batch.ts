import { badRequest } from "../errors.ts";
import { isObject, type Json, type JsonObject, memberOf } from "../json.ts";
import { type Call, type GraphReply, type GraphRequest, jsonOf, type Operation } from "../operation.ts";

/** @see https://learn.microsoft.com/en-us/graph/json-batching#batch-size-limitations */
const maxRequests = 20;
/** How many requests of one batch Graph sends to Outlook at a time: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits */
const concurrentRequests = 4;

/** One request of a batch. */
interface BatchStep {
  readonly id: string;
  readonly request: GraphRequest;
  readonly dependsOn: readonly string[];
}

/** @see https://learn.microsoft.com/en-us/graph/json-batching */
export const batch: Operation = {
  name: "json-batching",
  method: "POST",
  paths: ["/$batch"],
  permissions: [],
  of: "gateway",
  handle: async (call) => ({ status: 200, body: { responses: await runSteps(stepsOf(call), call) } }),
};

/** Throws GraphError for an invalid batch, of which nothing is then carried out. */
function stepsOf(call: Call): readonly BatchStep[] {
  const requests = memberOf(jsonOf(call.request), "requests");
  if (!Array.isArray(requests)) throw badRequest("Invalid batch payload format.");
  if (requests.length > maxRequests)
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${maxRequests}.`, "MaximumValueExceeded");
  const steps = requests.map((request: Json) => stepOf(request, call.request.url));
  const ids = new Set(steps.map(({ id }) => id));
  if (ids.size < steps.length) throw badRequest("Request Ids in a batch have to be unique.");
  for (const { id, dependsOn } of steps) {
    if (dependsOn.some((other) => !ids.has(other) || other === id))
      throw badRequest(`Request id : ${id} has an invalid value for the dependsOn property.`);
  }
  if (!hasOrder(steps)) throw badRequest("The dependsOn properties of the batch form a circle.");
  return steps;
}

function hasOrder(steps: readonly BatchStep[]): boolean {
  const after = new Set<string>();
  for (let rest = steps; rest.length > 0; ) {
    const ready = rest.filter(({ dependsOn }) => dependsOn.every((id) => after.has(id)));
    if (ready.length === 0) return false;
    for (const { id } of ready) after.add(id);
    rest = rest.filter(({ id }) => !after.has(id));
  }
  return true;
}

function stepOf(given: Json, outer: URL): BatchStep {
  const request = isObject(given) ? given : {};
  const [id, method, url] = ["id", "method", "url"].map((name) => memberOf(request, name));
  if (typeof id !== "string" || id === "") throw badRequest("Request Id has to be specified in a batch request step.");
  if (typeof method !== "string" || !/^(GET|POST|PATCH|PUT|DELETE)$/i.test(method))
    throw badRequest(`Request id : ${id} has no valid method.`);
  // Relative to the version, and of this host.
  if (typeof url !== "string" || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(url)) throw badRequest(`Request id : ${id} has no valid relative url.`);
  const target = new URL(`${outer.origin}/v1.0/${url.replace(/^\//, "")}`);
  if (/\/\$batch$/i.test(target.pathname)) throw badRequest(`Request id : ${id} is a batch itself.`);
  const headers = headersOf(memberOf(request, "headers"));
  const body = memberOf(request, "body") ?? null;
  const writes = /^(POST|PATCH|PUT)$/i.test(method);
  if ((writes && body === null) || ((writes || body !== null) && !headers.has("content-type")))
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`);
  const depends = memberOf(request, "dependsOn") ?? [];
  return {
    id,
    request: { method: method.toUpperCase(), url: target, headers, body: bytesOf(body, headers.get("content-type") ?? "") },
    dependsOn: Array.isArray(depends) ? depends.map(String) : [String(depends)],
  };
}

function headersOf(given: Json | undefined): ReadonlyMap<string, string> {
  const found = Object.entries(isObject(given) ? given : {}).map(([name, value]): [string, string] => [name.toLowerCase(), String(value)]);
  return new Map(found);
}

/** Returns a body that is not JSON as base64. */
function bytesOf(body: Json, type: string): Uint8Array {
  if (body === null) return new Uint8Array(0);
  return typeof body === "string" && !/^application\/json/i.test(type) ? Buffer.from(body, "base64") : Buffer.from(JSON.stringify(body));
}

/** An answer to each step. They stand in no order that could be relied on: here the last comes first. */
async function runSteps(steps: readonly BatchStep[], call: Call): Promise<readonly JsonObject[]> {
  const replies = new Map<string, GraphReply>();
  for (let rest = steps; rest.length > 0; rest = rest.filter(({ id }) => !replies.has(id))) {
    const ready = rest.filter(({ dependsOn }) => dependsOn.every((id) => replies.has(id)));
    for (let start = 0; start < ready.length; start += concurrentRequests) {
      const some = ready.slice(start, start + concurrentRequests);
      const answered = await Promise.all(some.map(async (step) => [step.id, await answer(step, replies, call)] as const));
      for (const [id, reply] of answered) replies.set(id, reply);
    }
  }
  return [...replies].reverse().map(([id, reply]) => responseOf(id, reply));
}

async function answer({ request, dependsOn }: BatchStep, replies: ReadonlyMap<string, GraphReply>, call: Call): Promise<GraphReply> {
  const hasFailed = dependsOn.some((id) => (replies.get(id)?.status ?? 500) >= 400);
  if (!hasFailed) return call.dispatch(request);
  const message = "The request could not be performed because it depended on another request and that request failed.";
  return { status: 424, body: { error: { code: "FailedDependency", message } } };
}

function responseOf(id: string, { status, headers = {}, body }: GraphReply): JsonObject {
  if (body === undefined) return { id, status, headers };
  if (body instanceof Uint8Array) return { id, status, headers, body: Buffer.from(body).toString("base64") };
  return { id, status, headers: { "Cache-Control": "private", "Content-Type": "application/json", ...headers }, body };
}
