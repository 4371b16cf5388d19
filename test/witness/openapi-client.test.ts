import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { type OpenApiVersion, openapi } from "../../src/faces/openapi.ts";

// A client that somebody else's generator writes, checked by the compiler.
const root = resolve(import.meta.dirname, "../..");
const project = mkdtempSync(join(tmpdir(), "mailcordon-client-"));
afterAll(() => rmSync(project, { recursive: true }));
beforeAll(() => {
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "package.json"), '{"name": "client", "type": "module"}');
});

const run = (words: readonly string[]) => spawnSync(process.execPath, words, { cwd: project, encoding: "utf8" });

/** The calls of docs/serve.md, and mistakes in them. */
const program = `
import type { components, paths } from "./client.ts";
type Call = paths["/v1/actions/delete-email"]["post"];
type Input = Call["requestBody"]["content"]["application/json"];
type Reply =
  | { readonly status: 200; readonly body: Call["responses"][200]["content"]["application/json"] }
  | { readonly status: 202; readonly body: Call["responses"][202]["content"]["application/json"] };
declare function post(path: keyof paths, input: Input, header: NonNullable<Call["parameters"]["header"]>): Promise<Reply>;

const input: Input = { mailbox: "user03@example.com", internet_message_id: "<20f7c1.4711@mailer.example.net>", expected_count: 1, confirm: true };
const listed: Input = { ...input, internet_message_id: ["<20f7c1.4711@mailer.example.net>"], delete_type: "soft" };
const search: components["schemas"]["SearchEmailsExtendedInput"] = { mailboxes: "all", fields: "subject,from", subject: "invoice" };
const reply = await post("/v1/actions/delete-email", listed, { "Idempotency-Key": "case-1", Prefer: "respond-async" });
if (reply.status === 202) {
  const state: string = reply.body.status;
  // @ts-expect-error a job has no results of its own
  reply.body.results;
  console.log(state);
} else {
  const done: number = reply.body.counts.succeeded;
  // @ts-expect-error an answer has no address of a job
  const url: string = reply.body.status_url;
  console.log(done, url, search);
}
// @ts-expect-error a misspelt field
const misspelt: Input = { mail_box: "user03@example.com" };
// @ts-expect-error a misspelt choice
const choice: Input = { delete_type: "gone" };
// @ts-expect-error a list of something else
const list: Input = { item_id: 5 };
`;

test.each<OpenApiVersion>(["3.1", "3.0"])(
  "a client generated from OpenAPI %s compiles with the guide's calls, and refuses mistakes",
  (version) => {
    writeFileSync(join(project, "openapi.json"), JSON.stringify(openapi(catalogue, { version: "1.2.3" }, version)));
    const generator = join(root, "node_modules/openapi-typescript/bin/cli.js");
    const made = run([generator, "openapi.json", "--output", "client.ts", "--default-non-nullable", "false"]);
    expect(made.status, made.stderr).toBe(0);
    writeFileSync(join(project, "program.ts"), program);
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--exactOptionalPropertyTypes",
      "--allowImportingTsExtensions",
      "--lib",
      "es2023,dom",
    ];
    const compiled = run([join(root, "node_modules/typescript/bin/tsc"), ...options, "program.ts"]);
    expect(compiled.stdout).toBe("");
    expect(compiled.status).toBe(0);
  },
);
