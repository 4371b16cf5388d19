import { expect, test } from "vitest";
import { anna, ben, call, deliver, idOf, mailboxOf, refusal, startGraphLab } from "../graph-client.ts";

const json = { "Content-Type": "application/json" };
const get = (id: string, url: string, more = {}) => ({ id, method: "GET", url, ...more });

interface Answer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly error?: { readonly code: string }; readonly subject?: string } | string;
}

type Lab = Awaited<ReturnType<typeof startGraphLab>>;

async function answersOf(lab: Lab, requests: readonly object[]): Promise<readonly Answer[]> {
  const received = await call(lab, "POST", "/$batch", { requests });
  expect(received.status).toBe(200);
  return received.at("responses") as Answer[];
}

test("every request of a batch has an answer with its id, though not in their order", async () => {
  const lab = await startGraphLab();
  const items = Array.from({ length: 20 }, (_, at) => deliver(lab, { subject: `Mail ${at}` }));
  const answers = await answersOf(
    lab,
    items.map((item, at) => get(String(at), `/users/${anna}/messages/${idOf(item)}?$select=subject`)),
  );
  expect(answers.map(({ id }) => id)).not.toEqual(items.map((_, at) => String(at)));
  const subjects = Object.fromEntries(answers.map(({ id, body }) => [id, typeof body === "object" ? body.subject : undefined]));
  expect(subjects).toEqual(Object.fromEntries(items.map(({ subject }, at) => [String(at), subject])));
});

test("a failed request of a batch fails alone, and the batch itself has status 200", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const answers = await answersOf(lab, [
    get("1", `/users/${anna}/messages/${idOf(item)}`),
    get("2", `/users/${anna}/messages/nonsense`),
    get("3", `users/nobody@example.com/messages`),
  ]);
  const codes = answers.map(({ id, status, body }) => [id, status, typeof body === "object" ? body.error?.code : undefined]);
  expect(codes.sort()).toEqual([
    ["1", 200, undefined],
    ["2", 400, "ErrorInvalidIdMalformed"],
    ["3", 404, "ErrorInvalidUser"],
  ]);
});

test("a request that waits for another is done after it, and not at all when that one failed", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const move = { method: "POST", url: `/users/${anna}/messages/${idOf(item)}/move`, headers: json, body: { destinationId: "junkemail" } };
  const answers = await answersOf(lab, [
    get("after", `/users/${anna}/mailFolders/junkemail/messages`, { dependsOn: ["move"] }),
    { id: "move", ...move },
    get("broken", `/users/${anna}/messages/nonsense`),
    { id: "never", method: "DELETE", url: `/users/${anna}/messages/${idOf(item)}`, dependsOn: ["broken"] },
  ]);
  const status = Object.fromEntries(answers.map((answer) => [answer.id, answer.status]));
  expect(status).toEqual({ after: 200, move: 201, broken: 400, never: 424 });
  expect(JSON.stringify(answers.find(({ id }) => id === "after")?.body)).toContain('"Hello"');
  expect(mailboxOf(lab).known("junkemail").totalCount).toBe(1);
});

test("bytes are returned as base64, and an empty reply has no body", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab, { subject: "Bytes" });
  const answers = await answersOf(lab, [
    get("mime", `/users/${anna}/messages/${idOf(item)}/$value`),
    { id: "gone", method: "DELETE", url: `/users/${anna}/messages/${idOf(item)}`, dependsOn: ["mime"] },
  ]);
  const mime = answers.find(({ id }) => id === "mime");
  expect(Buffer.from(typeof mime?.body === "string" ? mime.body : "", "base64").toString()).toContain("Subject: Bytes\r\n");
  expect(mime?.headers["Content-Type"]).toBe("text/plain");
  expect(answers.find(({ id }) => id === "gone")).not.toHaveProperty("body");
});

test("each request has preferences of its own", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const url = `/users/${anna}/messages/${idOf(item)}?$select=id`;
  const answers = await answersOf(lab, [get("1", url), get("2", url, { headers: { Prefer: 'IdType="ImmutableId"' } })]);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(2);
});

test("a throttled request says how long to wait, and the others are done", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "429", operation: "message-get", nth: 2, backOffMs: 3000 }] });
  const url = `/users/${anna}/messages/${idOf(deliver(lab))}`;
  const answers = await answersOf(
    lab,
    ["1", "2", "3"].map((id) => get(id, url)),
  );
  const waits = answers.flatMap(({ status, headers }) => (status === 429 ? [headers["Retry-After"]] : []));
  expect(waits).toEqual(["3"]);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
});

test("when the answer to one of its requests is lost, that to the batch is, and everything is done", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "reset-after", operation: "message-move", nth: 2 }] });
  const requests = [deliver(lab), deliver(lab)].map((item, at) => ({
    id: String(at),
    method: "POST",
    url: `/users/${anna}/messages/${idOf(item)}/move`,
    headers: json,
    body: { destinationId: "junkemail" },
  }));
  await expect(call(lab, "POST", "/$batch", { requests })).rejects.toThrow();
  expect(mailboxOf(lab).known("junkemail").totalCount).toBe(2);
});

test("a batch whose reply lacks answers was done all the same", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "missing-answers", operation: "json-batching" }] });
  const requests = [deliver(lab), deliver(lab), deliver(lab)].map((item, at) => ({
    id: String(at),
    method: "POST",
    url: `/users/${anna}/messages/${idOf(item)}/move`,
    headers: json,
    body: { destinationId: "junkemail" },
  }));
  expect(await answersOf(lab, requests)).toHaveLength(1);
  expect(mailboxOf(lab).known("junkemail").totalCount).toBe(3);
  expect(lab.requests).toMatchObject([{ operation: "json-batching", inner: ["message-move", "message-move", "message-move"] }]);
});

test("a batch has the rights of its caller, and no more", async () => {
  const lab = await startGraphLab({ graph: { tokens: { "read-token": ["Mail.Read"] } } });
  const item = deliver(lab);
  const requests = [get("1", `/users/${anna}/messages`), { id: "2", method: "DELETE", url: `/users/${anna}/messages/${idOf(item)}` }];
  const received = await call(lab, "POST", "/$batch", { requests }, { token: "read-token" });
  const answers = received.at("responses") as Answer[];
  expect(Object.fromEntries(answers.map(({ id, status }) => [id, status]))).toEqual({ 1: 200, 2: 403 });
});

const folder = `/users/${ben}/mailFolders/inbox`;
test.each([
  ["21 requests", Array.from({ length: 21 }, (_, at) => get(String(at), folder)), "MaximumValueExceeded"],
  ["two requests with one id", [get("1", folder), get("1", folder)], "BadRequest"],
  ["a request without an id", [{ method: "GET", url: folder }], "BadRequest"],
  ["a method that there is not", [{ id: "1", method: "FETCH", url: folder }], "BadRequest"],
  ["an absolute address", [get("1", `https://elsewhere.example/v1.0${folder}`)], "BadRequest"],
  ["an address of another host", [get("1", `//elsewhere.example/v1.0${folder}`)], "BadRequest"],
  ["a batch in it", [{ id: "1", method: "POST", url: "/$batch", headers: json, body: { requests: [] } }], "BadRequest"],
  ["a request that waits for nobody known", [get("1", folder, { dependsOn: ["2"] })], "BadRequest"],
  ["two requests that wait for each other", [get("1", folder, { dependsOn: ["2"] }), get("2", folder, { dependsOn: ["1"] })], "BadRequest"],
  ["a POST without a body", [{ id: "1", method: "POST", url: `${folder}/childFolders`, headers: json }], "BadRequest"],
  ["a body without a Content-Type", [{ id: "1", method: "POST", url: `${folder}/childFolders`, body: {} }], "BadRequest"],
])("a batch with %s is refused as a whole", async (_, requests, code) => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "POST", "/$batch", { requests }))).toEqual([400, code]);
});
