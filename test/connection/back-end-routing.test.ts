import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { getSearchableMailboxes } from "../../src/actions/get-searchable-mailboxes.ts";
import { searchEmailsExtended } from "../../src/actions/search-emails-extended.ts";
import { sendEmail } from "../../src/actions/send-email.ts";
import type { Action } from "../../src/catalogue/action-definition.ts";
import { routeMemory } from "../../src/connection/back-end-routing.ts";
import { type Opened, open } from "../../src/connection/open-connection.ts";
import { Failure } from "../../src/failure.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { perform } from "../../src/perform/perform.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { type LabHost, openLabHost } from "../actions/lab-host.ts";

// One connection to an organisation of which some mailboxes are on premises: a lab that Graph does not give these of.

const online = "user01@example.com";
const onPremises = "user02@example.com";
const sides = [
  [online, "graph"],
  [onPremises, "ews"],
] as const;

let at: LabHost;
let folder: string;
const opened: Opened[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-route-"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  at = await openLabHost({ onPremises: [onPremises], graph: { tokens: { [labToken]: labPermissions } } });
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.exchange.close();
  await at.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** The connection as its settings say, as another process would open it. */
async function hybrid(): Promise<Opened> {
  const connection = {
    backend: "auto",
    mailbox: socAddress,
    auth: { bearer: { token: "env:TOKEN" } },
    graph: { url: at.lab.graphUrl },
    ews: { url: at.lab.ewsUrl, auth: { basic: { username: socAddress, password: "env:PASSWORD" } } },
  };
  writeFileSync(join(folder, "mailcordon.yaml"), JSON.stringify({ connections: { hybrid: connection } }));
  const environment = { TOKEN: labToken, PASSWORD: labPassword };
  const one = await open(
    await loadSettings({
      directory: folder,
      environment,
      flags: { evidenceDir: join(folder, "evidence"), auditFile: join(folder, "evidence", "audit.jsonl") },
    }),
  );
  opened.push(one);
  return one;
}

const run = async (action: Action, input: object) => perform(action, input, { ...(await hybrid()), confirm: async () => true });
const inInbox = (address: string, sought: string) =>
  [...at.mailbox(address).known("inbox").items.values()].filter(({ subject }) => subject === sought).length;
const isEws = ({ path }: { readonly path: string }) => path.startsWith("/EWS");
/** Whether each request since was one of EWS. */
const since = (before: number) => at.lab.requests.slice(before).map(isEws);

test("one connection finds and deletes a message in mailboxes of both back ends, each over the back end that holds it", async () => {
  for (const [address] of sides) at.put(address, { subject: "Hybrid lure" });
  const found = await run(searchEmailsExtended, { mailboxes: "all", subject: "Hybrid lure" });
  expect(found).toMatchObject({ success: true });
  const items = Array.isArray(found.items) ? found.items : [];
  expect(items.map(({ mailbox }) => mailbox).sort()).toEqual([online, onPremises]);
  expect(found.backend).toBe("auto");
  const asked = Array.isArray(found.per_mailbox) ? found.per_mailbox : [];
  for (const [mailbox, backend] of sides) expect(asked).toContainEqual(expect.objectContaining({ mailbox, backend, status: "done" }));
  for (const { mailbox, item_id } of items) {
    const before = at.lab.requests.length;
    const backend = mailbox === online ? "graph" : "ews";
    expect(await run(deleteEmail, { mailbox, item_id })).toMatchObject({
      success: true,
      backend,
      mailbox,
      results: [{ status: "done", verified: true }],
    });
    expect(new Set(since(before))).toEqual(new Set([backend === "ews"]));
    expect(inInbox(mailbox, "Hybrid lure")).toBe(0);
  }
});

test.each(sides)("a search of only %s reports the back end %s, whatever the connection's default mailbox", async (mailbox, backend) => {
  at.put(mailbox, { subject: "Hybrid lure" });
  expect(await run(searchEmailsExtended, { mailboxes: [mailbox], subject: "Hybrid lure" })).toMatchObject({
    success: true,
    backend,
    per_mailbox: [{ mailbox, backend, count: 1 }],
  });
});

test("a search of two mailboxes reports the one that neither back end has, and does not need the connection's default mailbox", async () => {
  const found = await run(searchEmailsExtended, {
    mailbox: "nobody@example.com",
    mailboxes: ["nobody@example.net", onPremises],
    subject: "x",
  });
  expect(found).toMatchObject({ success: false, backend: "ews", counts: { succeeded: 1, failed: 1 } });
  const [unknown, known] = Array.isArray(found.per_mailbox) ? found.per_mailbox : [];
  expect([unknown.status, unknown.backend, known.status, known.backend]).toEqual(["failed", undefined, "done", "ews"]);
});

test.each(sides)(
  "a message of %s is sent once over the back end that holds the mailbox (%s), as the audit log states",
  async (mailbox, backend) => {
    const answer = await run(sendEmail, { mailbox, to: "user03@example.com", subject: "Notice of the route", body_text: "Read me." });
    expect(answer).toMatchObject({ success: true, backend, mailbox });
    expect(inInbox("user03@example.com", "Notice of the route")).toBe(1);
    const audit = readFileSync(join(folder, "evidence", "audit.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(audit.map((line) => JSON.parse(line)).map((entry) => [entry.phase, entry.backend])).toEqual([
      ["began", backend],
      ["ended", backend],
    ]);
  },
);

test("ids of other mailboxes are reported by the back end that would open them", async () => {
  const { exchange } = await hybrid();
  const [own, theirs] = [at.put(onPremises).id, at.put(online).id];
  expect([...(await exchange.mailbox(onPremises).foreign([own, theirs]))]).toEqual([theirs]);
  expect([...(await exchange.mailbox(online).foreign([own, theirs]))]).toEqual([]);
});

test("the back end of a mailbox is looked up once, and the next process knows it", async () => {
  const before = at.lab.requests.length;
  for (const _ of [1, 2]) {
    const { exchange } = await hybrid();
    for (const __ of [1, 2]) expect(await exchange.mailbox(onPremises).rights()).toMatchObject({ read: true });
  }
  expect(since(before).filter((ews) => !ews)).toHaveLength(1);
});

test.each(["reset-after", "500", "reset-before"] as const)(
  "a message that may have been sent is not sent again over the other back end (%s)",
  async (kind) => {
    await at.close();
    at = await openLabHost({ graph: { tokens: { [labToken]: labPermissions } }, faults: [{ kind, operation: "message-send", times: 99 }] });
    const draft = { mailbox: online, to: "user03@example.com", subject: "Once", body_text: "Read me." };
    expect(await run(sendEmail, draft)).toMatchObject({ backend: "graph" });
    expect(at.lab.requests.some(({ operation }) => operation === "message-send")).toBe(true);
    expect(inInbox("user03@example.com", "Once")).toBeLessThanOrEqual(1);
    expect(at.lab.requests.filter(isEws)).toEqual([]);
  },
);

test("a hybrid connection needs an EWS address and, for Graph, a sign-in without a password", async () => {
  const refusal = async (lines: object) => {
    writeFileSync(join(folder, "mailcordon.yaml"), JSON.stringify({ connections: { hybrid: { backend: "auto", ...lines } } }));
    return loadSettings({ directory: folder, environment: { TOKEN: "t" } });
  };
  const bearer = { token: "env:TOKEN" };
  const oauth = { tenant: "example.com", client_id: "3a9b8c7d-1111-4222-8333-444455556666", client_secret: "env:TOKEN" };
  await expect(refusal({ auth: { bearer } })).rejects.toThrow(/ews\.url is missing/);
  await expect(refusal({ auth: { oauth } })).rejects.toThrow(/ews\.url is missing/);
  const basic = { username: "soc", password: "env:TOKEN" };
  await expect(refusal({ auth: { basic }, ews: { url: at.lab.ewsUrl } })).rejects.toThrow(/put oauth, or bearer/);
  await expect(refusal({ auth: { bearer }, ews: { url: at.lab.ewsUrl, auth: { basic, bearer } } })).rejects.toThrow(/ews\.auth/);
});

test("a refusal by one back end is not a reason to ask the other", async () => {
  await at.close();
  at = await openLabHost({ graph: { tokens: { [labToken]: ["Mail.Send"] } } });
  const { exchange } = await hybrid();
  expect(await exchange.mailbox(online).route?.()).toBe("graph");
  await expect(exchange.mailbox(online).rights()).rejects.toMatchObject({ code: "access-denied" });
  expect(at.lab.requests.filter(isEws)).toEqual([]);
});

test("a mailbox that neither back end has is reported as not found by Graph", async () => {
  const { exchange } = await hybrid();
  await expect(exchange.mailbox("nobody@example.com").route?.()).rejects.toMatchObject({ code: "mailbox-not-found" });
  const outcomes = [];
  for await (const outcome of exchange.mailbox("nobody@example.com").mime(["a", "b"])) outcomes.push(outcome.ok);
  expect(outcomes).toEqual([false, false]);
  expect(at.lab.requests.filter(isEws)).toEqual([]);
});

test("a copy between the back ends is refused before anything is changed", async () => {
  at.put(online, { subject: "Stays" });
  const found = await run(searchEmailsExtended, { mailbox: online, subject: "Stays" });
  const [item] = Array.isArray(found.items) ? found.items : [];
  const answer = await run(copyEmail, {
    mailbox: online,
    item_id: item?.item_id,
    destination_mailbox: onPremises,
    destination_folder: "inbox",
  });
  expect(answer.results?.[0]?.error).toMatchObject({ code: "unsupported", message: expect.stringContaining(onPremises) });
  expect([inInbox(online, "Stays"), inInbox(onPremises, "Stays")]).toEqual([1, 0]);
});

test("the back end of a mailbox is remembered for an hour, whatever the case of its address", () => {
  let now = 0;
  const memory = routeMemory(undefined, () => now);
  memory.write("Ann@example.com", "ews");
  expect(memory.read("ann@EXAMPLE.com")).toBe("ews");
  now = 3_600_000;
  expect(memory.read("ann@example.com")).toBeUndefined();
  memory.write("ann@example.com", "graph");
  memory.forget("ANN@example.com");
  expect(memory.read("ann@example.com")).toBeUndefined();
});

test.each([{ side: "elsewhere", until: 5 }, { side: "ews" }, { side: "ews", until: 0 }, { side: "ews", until: 1e15 }])(
  "a note that we did not write is ignored: %j",
  (note) => {
    expect(routeMemory({ read: () => note, write: () => undefined }, () => 1).read("ann@example.com")).toBeUndefined();
  },
);

test("a mailbox without details is listed with its back end", async () => {
  at.lab.addFault({ kind: "403", operation: "user-get-mailboxsettings-part", mailbox: online });
  expect(await run(getSearchableMailboxes, {})).toMatchObject({ success: false, failed: [{ mailbox: online, backend: "graph" }] });
});

test("the list of mailboxes has those of both back ends, each with the back end that listed it", async () => {
  const answer = await run(getSearchableMailboxes, {});
  const mailboxes = answer.mailboxes as readonly { readonly mailbox: string; readonly backend?: string }[];
  const listedBy = mailboxes.filter(({ mailbox }) => mailbox === online || mailbox === onPremises);
  expect(new Map(listedBy.map(({ mailbox, backend }) => [mailbox, backend]))).toEqual(new Map(sides));
  expect(listedBy).toHaveLength(2);
  expect(new Set(mailboxes.map(({ backend }) => backend))).toEqual(new Set(["graph", "ews"]));
  expect(answer).toMatchObject({ success: true, source: "directory", note: expect.stringContaining("ediscovery") });
});

test("a group is opened over both back ends, and its people of either are listed once", async () => {
  const { exchange } = await hybrid();
  const { mailboxes, outside, failed } = await exchange.groupMembers("invoices@example.com");
  expect([...mailboxes].sort()).toEqual(["finance@example.com", "payroll@example.com", "purchasing@example.com", "reception@example.com"]);
  expect([outside, failed]).toEqual([[], []]);
  await expect(exchange.groupMembers("nobody@example.com")).rejects.toMatchObject({ code: "not-found" });
});

test("a group that one back end may not list is listed with a warning that people may be missing", async () => {
  at.lab.addFault({ kind: "403", operation: "group-list", times: 10 });
  const { mailboxes, failed } = await (await hybrid()).exchange.groupMembers("finance-team@example.com");
  expect(mailboxes).toHaveLength(3);
  expect(failed).toMatchObject([{ mailbox: "finance-team@example.com", failure: expect.any(Failure) }]);
});

test("message trace is that of Exchange Online", async () => {
  const { rows } = await (await hybrid()).exchange.messageTrace({ internetMessageId: "<20f7c1.4711@mailer.example.net>" });
  expect(rows.filter(({ status }) => status === "delivered")).toHaveLength(6);
});
