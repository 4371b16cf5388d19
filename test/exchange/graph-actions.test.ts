import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { catalogue, deleteEmail, junkMail } from "../../src/actions/index.ts";
import type { Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import { openGraph } from "../../src/graph/graph.ts";
import { permissionsOf } from "../../src/graph/permissions.ts";
import { immutableId } from "../../src/lab/graph/ids.ts";
import { openAudit } from "../../src/perform/audit/audit-log.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { perform } from "../../src/perform/perform.ts";
import { type LabHost, openLabHost } from "../actions/lab-host.ts";

const who = "user01@example.com";
const folder = mkdtempSync(join(tmpdir(), "mailcordon-graph-"));
let at: LabHost;
beforeAll(async () => {
  // For each action a token with what its declaration leads to, and nothing besides.
  at = await openLabHost({
    graph: { tokens: Object.fromEntries(catalogue.map((action) => [`for-${action.name}`, permissionsOf(action)])) },
  });
});
afterAll(async () => {
  await at.close();
  rmSync(folder, { recursive: true });
});

/** Microsoft Graph with the token of that action. Ends with the test. */
function graphFor(name: string): Exchange {
  const authorization = `Bearer for-${name}`;
  const graph = openGraph({
    url: at.lab.graphUrl,
    defaultMailbox: who,
    signIn: (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) }),
  });
  onTestFinished(() => graph.close());
  return graph;
}

/** A port which tells what it is asked. */
function watched<T extends Exchange | Mailbox>(port: T, told: (method: string) => void): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      if (typeof name === "string") told(name);
      const value: unknown = Reflect.get(target, name, receiver);
      if (name !== "mailbox" || typeof value !== "function") return value;
      return (...which: unknown[]) => watched(value(...which), told);
    },
  });
}

const file = { kind: "file", name: "invoice.txt", contentType: "text/plain", content: Buffer.from("pay") } as const;

/** For each action: what it is asked besides the message, and what is to be in its answer, or in its first result. */
const asked: Readonly<Record<string, { readonly input: object; readonly answer?: object; readonly result?: object }>> = {
  "copy-email": { input: { destination_folder: "drafts" }, result: { status: "done", action: "copied", verified: true } },
  "delete-attachments": { input: { all: true }, result: { status: "done", verified: true } },
  "delete-email": { input: {}, result: { status: "done", action: "soft_deleted", verified: true } },
  "download-mail-as-eml": { input: {}, result: { status: "done" } },
  "get-attachments": { input: {}, result: { status: "done", name: "invoice.txt", size: 3 } },
  "get-contacts": { input: {}, answer: { success: true } },
  "get-out-of-office": { input: {}, answer: { success: true, state: "Disabled" } },
  "get-searchable-mailboxes": { input: {}, answer: { success: true, source: "directory" } },
  "junk-mail": { input: {}, result: { status: "done", action: "marked_junk", moved: true, verified: true } },
  "reply-to-email": { input: { body_text: "Thank you." }, result: { status: "done" } },
  "search-emails-extended": { input: { subject: "Graph table" }, answer: { success: true } },
  "send-email": { input: { to: who, subject: "Notice", body_text: "Read me." }, result: { status: "done", action: "sent" } },
};

test.each(catalogue.map((action) => [action.name, action] as const))(
  "%s works over Microsoft Graph with exactly the permissions of its declared methods",
  async (name, action) => {
    const { input, answer, result } = asked[name] ?? { input: {}, answer: { error: "the table has no such action" } };
    const item = at.put(who, { subject: "Graph table", internetMessageId: `<${name}@example.net>`, attachments: [file] });
    const named = Object.hasOwn(action.input.shape, "item_id") ? { item_id: immutableId(item) } : {};
    const methods = new Set<string>();
    const exchange = watched(graphFor(name), (method) => methods.add(method));
    const host = { ...at.host, exchange, evidence: openEvidence(join(folder, name)), audit: openAudit(join(folder, "audit.jsonl")) };
    const got = await perform(action, { mailbox: who, ...named, ...input }, host);
    expect(got).toMatchObject({ success: true, ...answer });
    if (result !== undefined) expect(got.results?.[0]).toMatchObject(result);
    const called = action.uses.filter((method) => methods.has(method));
    expect(permissionsOf({ uses: called })).toEqual(permissionsOf(action));
  },
);

test("an action without a permission of its declared methods is refused", async () => {
  const item = at.put(who);
  const answer = await perform(
    deleteEmail,
    { mailbox: who, item_id: immutableId(item) },
    { ...at.host, exchange: graphFor("get-attachments") },
  );
  expect(answer.results?.[0]).toMatchObject({ status: "failed", error: { code: "access-denied" } });
});

test("junk over Microsoft Graph does not report the sender as blocked", async () => {
  const item = at.put(who);
  const answer = await perform(junkMail, { mailbox: who, item_id: immutableId(item) }, { ...at.host, exchange: graphFor("junk-mail") });
  expect(answer.results?.[0]).not.toHaveProperty("sender_blocked");
});
