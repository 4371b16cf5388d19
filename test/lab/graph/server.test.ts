import { expect, test } from "vitest";
import { anna, ben, call, deliver, idOf, refusal, startGraphLab, text } from "./graph-client.ts";

const inbox = `/users/${anna}/mailFolders/inbox`;

test("a refusal is written as Graph writes it, with the ids of the request", async () => {
  const lab = await startGraphLab();
  const received = await call(lab, "GET", `/users/${anna}/messages/nonsense`, undefined, { headers: { "client-request-id": "mine" } });
  expect(received.at()).toEqual({
    error: {
      code: "ErrorInvalidIdMalformed",
      message: "Id is malformed.",
      innerError: {
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
        "request-id": received.headers["request-id"],
        "client-request-id": "mine",
      },
    },
  });
  expect(received.headers["client-request-id"]).toBe("mine");
});

test("a request without a valid token gets status 401 with a challenge", async () => {
  const lab = await startGraphLab();
  const received = await call(lab, "GET", inbox, undefined, { token: "unknown" });
  expect(refusal(received)).toEqual([401, "InvalidAuthenticationToken"]);
  expect(received.headers["www-authenticate"]).toMatch(/^Bearer /);
});

test.each([
  ["GET", `/users/${anna}/mailFolders/inbox/nowhere`, 400, "BadRequest"],
  ["GET", "/nowhere", 400, "BadRequest"],
  ["PUT", inbox, 405, "Request_BadRequest"],
  ["GET", "/me/messages", 400, "BadRequest"],
  ["GET", "/users/nobody@example.com", 404, "Request_ResourceNotFound"],
  ["GET", "/users/nobody@example.com/messages", 404, "ErrorInvalidUser"],
  ["POST", `/users/${anna}/messages`, 400, "BadRequest"],
])("%s %s is refused with status %d and code %s", async (method, path, status, code) => {
  const lab = await startGraphLab();
  const body = method === "POST" ? { raw: "{no json" } : {};
  expect(refusal(await call(lab, method, path, undefined, body))).toEqual([status, code]);
});

test("a body larger than Graph takes is status 413, and the connection goes on", async () => {
  const lab = await startGraphLab();
  const raw = Buffer.alloc(4 * 1024 * 1024 + 1, " ");
  expect(refusal(await call(lab, "POST", `/users/${anna}/messages`, undefined, { raw }))).toEqual([413, "RequestEntityTooLarge"]);
  expect((await call(lab, "GET", inbox)).status).toBe(200);
});

test("a mailbox on premises is in the directory, but Graph has nothing of it", async () => {
  const lab = await startGraphLab({ onPremises: [anna] });
  for (const path of [inbox, `/users/${anna}/messages`, `/users/${anna}/mailboxSettings`, `/users/${anna}/contacts`])
    expect(refusal(await call(lab, "GET", path))).toEqual([404, "MailboxNotEnabledForRESTAPI"]);
  expect((await call(lab, "GET", `/users/${anna}?$select=onPremisesSyncEnabled`)).at("onPremisesSyncEnabled")).toBe(true);
  expect((await call(lab, "GET", `/users/${ben}/messages`)).status).toBe(200);
});

test("a user without a licence is in the directory without a plan of Exchange and has no mailbox in Graph", async () => {
  const lab = await startGraphLab({ unlicensed: [anna], onPremises: [ben] });
  expect(refusal(await call(lab, "GET", inbox))).toEqual([404, "MailboxNotEnabledForRESTAPI"]);
  const plansOf = async (address: string) => (await call(lab, "GET", `/users/${address}?$select=assignedPlans`)).at("assignedPlans");
  expect([await plansOf(anna), await plansOf(ben)]).toEqual([[], []]);
  expect((await call(lab, "GET", `/users/${anna}?$select=onPremisesSyncEnabled`)).at("onPremisesSyncEnabled")).toBe(null);
  const licensed = await startGraphLab();
  expect((await call(licensed, "GET", `/users/${anna}?$select=assignedPlans`)).at("assignedPlans")).toMatchObject([
    { service: "exchange", capabilityStatus: "Enabled" },
  ]);
});

test("every permission allows exactly its requests", async () => {
  const permissions = [
    "Mail.ReadBasic.All",
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "Contacts.Read",
    "MailboxSettings.Read",
    "User.Read.All",
  ];
  const lab = await startGraphLab({ graph: { tokens: Object.fromEntries(permissions.map((one) => [one, [one]])) } });
  const message = `/users/${anna}/messages/${idOf(deliver(lab))}`;
  const calls: readonly (readonly [string, string, unknown?])[] = [
    ["GET", message],
    ["GET", `${message}/$value`],
    ["POST", `${message}/copy`, { destinationId: "drafts" }],
    ["POST", `/users/${anna}/sendMail`, { message: { toRecipients: [{ emailAddress: { address: ben } }] } }],
    ["GET", `/users/${anna}/contacts`],
    ["GET", `/users/${anna}/mailboxSettings`],
    ["GET", "/users"],
  ];
  const opened = Object.fromEntries(
    await Promise.all(
      permissions.map(async (token) => {
        const statuses: number[] = [];
        for (const [method, path, body] of calls) statuses.push((await call(lab, method, path, body, { token })).status);
        return [token, statuses.map((status) => (status === 403 ? "-" : "+")).join("")];
      }),
    ),
  );
  expect(opened).toEqual({
    "Mail.ReadBasic.All": "+------",
    "Mail.Read": "++-----",
    "Mail.ReadWrite": "+++----",
    "Mail.Send": "---+---",
    "Contacts.Read": "----+--",
    "MailboxSettings.Read": "-----+-",
    "User.Read.All": "------+",
  });
});

test("Exchange and the directory each refuse with their own error", async () => {
  const lab = await startGraphLab({ graph: { tokens: { weak: ["Mail.Send"] } } });
  expect(refusal(await call(lab, "GET", inbox, undefined, { token: "weak" }))).toEqual([403, "ErrorAccessDenied"]);
  expect(refusal(await call(lab, "GET", "/users", undefined, { token: "weak" }))).toEqual([403, "Authorization_RequestDenied"]);
});

test.each([
  ["429", 429, "ApplicationThrottled", "2"],
  ["server-busy-item", 429, "ApplicationThrottled", "2"],
  ["connection-count-fault", 429, "ApplicationThrottled", undefined],
  ["503", 503, "ServiceUnavailable", "2"],
  ["500", 500, "InternalServerError", undefined],
  ["403", 403, "ErrorAccessDenied", undefined],
  ["401", 401, "InvalidAuthenticationToken", undefined],
] as const)("a fault of kind %s is status %d, once, and nothing was done", async (kind, status, code, wait) => {
  const lab = await startGraphLab({ faults: [{ kind, operation: "message-move", backOffMs: 1200 }] });
  const path = `/users/${anna}/messages/${idOf(deliver(lab))}/move`;
  const received = await call(lab, "POST", path, { destinationId: "junkemail" });
  expect([...refusal(received), received.headers["retry-after"]]).toEqual([status, code, wait]);
  expect((await call(lab, "POST", path, { destinationId: "junkemail" })).status).toBe(201);
});

test("a fault about one item hits only the request that names it, by either of its ids", async () => {
  const lab = await startGraphLab();
  const [one, other] = [deliver(lab, { subject: "one" }), deliver(lab, { subject: "other" })];
  lab.addFault({ kind: "item-error", itemId: one.id, code: "ErrorAccessDenied" });
  expect((await call(lab, "GET", `/users/${anna}/messages/${idOf(other)}`)).status).toBe(200);
  expect(refusal(await call(lab, "GET", `/users/${anna}/messages/${idOf(one)}`))).toEqual([403, "ErrorAccessDenied"]);
});

test("a connection that is reset before has done nothing; one that is reset after has", async () => {
  const lab = await startGraphLab({
    faults: [
      { kind: "reset-before", operation: "message-copy" },
      { kind: "reset-after", operation: "message-move" },
      { kind: "reset-mid-body", operation: "message-get" },
    ],
  });
  const item = deliver(lab);
  const path = `/users/${anna}/messages/${idOf(item)}`;
  await expect(call(lab, "POST", `${path}/copy`, { destinationId: "drafts" })).rejects.toThrow();
  expect(lab.store.mailbox(anna)?.known("drafts").totalCount).toBe(0);
  await expect(call(lab, "GET", path)).rejects.toThrow();
  await expect(call(lab, "POST", `${path}/move`, { destinationId: "junkemail" })).rejects.toThrow();
  expect(lab.store.mailbox(anna)?.known("junkemail").totalCount).toBe(1);
});

test("a gateway that gives up has had it done", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "504", operation: "message-move" }] });
  const path = `/users/${anna}/messages/${idOf(deliver(lab))}/move`;
  expect(refusal(await call(lab, "POST", path, { destinationId: "junkemail" }))).toEqual([504, "UnknownError"]);
  expect(lab.store.mailbox(anna)?.known("junkemail").totalCount).toBe(1);
});

test("more requests than a mailbox takes in ten minutes are status 429; another mailbox is not concerned", async () => {
  const lab = await startGraphLab({ graph: { requestsPerWindow: 2 } });
  for (const expected of [200, 200, 429]) expect((await call(lab, "GET", inbox)).status).toBe(expected);
  const over = await call(lab, "GET", inbox);
  expect(Number(text(over.headers["retry-after"]))).toBeGreaterThan(0);
  expect((await call(lab, "GET", `/users/${ben}/messages`)).status).toBe(200);
});

test("the fifth concurrent request to one mailbox gets status 429", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "delay", delayMs: 400, times: 4 }] });
  const statuses = await Promise.all([1, 2, 3, 4, 5].map(async () => (await call(lab, "GET", inbox)).status));
  expect(statuses.sort()).toEqual([200, 200, 200, 200, 429]);
});

test("the log names operation, caller and mailbox, and holds no token", async () => {
  const lab = await startGraphLab();
  await call(lab, "GET", inbox);
  expect(lab.requests).toEqual([expect.objectContaining({ operation: "mailfolder-get", acting: anna, status: 200, method: "GET" })]);
  expect(JSON.stringify(lab.requests)).not.toContain("all-token");
});
