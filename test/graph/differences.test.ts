import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { openAudit } from "../../src/audit.ts";
import { openEvidence } from "../../src/evidence.ts";
import { openGraph } from "../../src/graph/graph.ts";
import { immutableId } from "../../src/lab/graph/ids.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { perform } from "../../src/perform.ts";
import { type LabHost, openLabHost } from "../actions/lab-host.ts";

const who = "user01@example.com";
const authorization = `Bearer ${labToken}`;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-graph-"));
let at: LabHost;
let graph: ReturnType<typeof openGraph>;
beforeAll(async () => {
  at = await openLabHost({ graph: { tokens: { [labToken]: labPermissions } } });
  graph = openGraph({
    url: at.lab.graphUrl,
    defaultMailbox: who,
    signIn: (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) }),
  });
});
afterAll(async () => {
  await graph.close();
  await at.close();
  rmSync(folder, { recursive: true });
});

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

test.each(catalogue.map((action) => [action.name, action] as const))("%s works over Microsoft Graph", async (name, action) => {
  const { input, answer, result } = asked[name] ?? { input: {}, answer: { error: "the table has no such action" } };
  const item = at.put(who, { subject: "Graph table", internetMessageId: `<${name}@example.net>`, attachments: [file] });
  const named = Object.hasOwn(action.input.shape, "item_id") ? { item_id: immutableId(item) } : {};
  const host = { ...at.host, exchange: graph, evidence: openEvidence(join(folder, name)), audit: openAudit(join(folder, "audit.jsonl")) };
  const got = await perform(action, { mailbox: who, ...named, ...input }, host);
  expect(got).toMatchObject({ success: true, ...answer });
  if (result !== undefined) expect(got.results?.[0]).toMatchObject(result);
});

test("junk over Microsoft Graph does not say that the sender was blocked", async () => {
  const item = at.put(who);
  const action = catalogue.find(({ name }) => name === "junk-mail");
  if (action === undefined) throw new Error("There is no junk-mail.");
  const answer = await perform(action, { mailbox: who, item_id: immutableId(item) }, { ...at.host, exchange: graph });
  expect(answer.results?.[0]).not.toHaveProperty("sender_blocked");
});
