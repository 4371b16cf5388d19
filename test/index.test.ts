import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as library from "../src/index.ts";
import { startLab } from "../src/lab/lab.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { type Built, build, start } from "./built.ts";

const root = resolve(import.meta.dirname, "..");
let built: Built;
/** A project of somebody else that has installed the package. */
const project = mkdtempSync(join(tmpdir(), "mailcordon-project-"));
beforeAll(() => {
  built = build();
  symlinkSync(join(built.project, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "package.json"), '{"name": "project", "type": "module"}');
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

const options = [
  "--noEmit",
  "--strict",
  "--module",
  "nodenext",
  "--target",
  "es2023",
  "--exactOptionalPropertyTypes",
  "--types",
  "node",
  "--typeRoots",
];

function check(program: string) {
  writeFileSync(join(project, "program.ts"), program);
  const tsc = [join(root, "node_modules/typescript/bin/tsc"), ...options, join(root, "node_modules/@types"), "program.ts"];
  return spawnSync(process.execPath, tsc, { cwd: project, encoding: "utf8" });
}

const program = `
import { action, catalogue, Failure, loadSettings, open, perform, type Answer, type Host } from "mailcordon";
const host: Host = await open(await loadSettings());
const answer: Answer = await perform(action("get-contacts"), { mailbox: "ann@example.com" }, host);
const said: string = answer.message;
if (answer.error?.code === "busy") throw new Failure("busy", said);
for (const { name, effect } of catalogue) console.log(name, effect === "read");
`;

test("another project sees the types", () => {
  const { stdout, status } = check(program);
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("another project gets an error for a misspelt code or field", () => {
  expect(check(program.replace('"busy", said', '"bussy", said')).stdout).toContain("bussy");
  expect(check(program.replace("answer.message", "answer.counts")).stdout).toContain("TS2322");
});

test("an action's input and answer have types: a misspelt field does not compile, and the documented forms of a list do", () => {
  const { stdout } = check(`
import { deleteEmail, getAttachments, loadSettings, open, perform, searchEmailsExtended } from "mailcordon";
const host = await open(await loadSettings());
const found = await perform(searchEmailsExtended, { mailboxes: "all", fields: "subject,from", internet_message_id: ["<a@example.com>"] }, host);
const subject: string | undefined = found.items?.[0]?.subject;
const deleted = await perform(deleteEmail, { item_id: "A,B", delete_type: "soft", confirm: true }, host);
const mode: "already_gone" | "not_found" | "trash_deleted" | "soft_deleted" | "hard_deleted" | undefined = deleted.results?.[0]?.action;
const named: string | undefined = deleted.results?.[0]?.subject ?? deleted.results?.[0]?.item_id;
const hash: string | undefined = (await perform(getAttachments, { item_id: ["A"] as readonly string[] }, host)).results?.[0]?.attachment_id;
// @ts-expect-error a misspelt field of the input
await perform(deleteEmail, { item_ids: "A" }, host);
// @ts-expect-error a misspelt choice
await perform(deleteEmail, { item_id: "A", delete_type: "gone" }, host);
// @ts-expect-error a list of something else
await perform(searchEmailsExtended, { mailboxes: 5 }, host);
// @ts-expect-error a misspelt member of the answer
found.item;
// @ts-expect-error a misspelt column of a result
deleted.results?.[0]?.acton;
console.log(subject, mode, named, hash, found.message, deleted.error?.code);
`);
  expect(stdout).toBe("");
});

// node-ews cannot be loaded from the registry: it requires a package that it does not declare.
test("the package runs in another project", () => {
  writeFileSync(
    join(project, "run.js"),
    'import { catalogue, Failure } from "mailcordon"; console.log(catalogue.length, new Failure("busy", "x").retryable);',
  );
  expect(execFileSync(process.execPath, ["run.js"], { cwd: project, encoding: "utf8" })).toBe(`${library.catalogue.length} true\n`);
});

test("the package reads settings in another project, calls an action, and applies a regular expression", async () => {
  const lab = await startLab();
  try {
    const auth = { basic: { username: socAddress, password: "env:LAB_PASSWORD" } };
    const yaml = `connections:\n  lab:\n    ews: { url: "${lab.ewsUrl}" }\n    auth: ${JSON.stringify(auth)}\n    mailbox: ${socAddress}\n`;
    writeFileSync(join(project, "mailcordon.yaml"), yaml);
    writeFileSync(
      join(project, "call.js"),
      `import { loadSettings, open, perform, searchEmailsExtended } from "mailcordon";
      const host = await open(await loadSettings());
      const answer = await perform(searchEmailsExtended, { body_regex: ".", limit: 1 }, host);
      console.log(answer.message, answer.items?.length);
      await host.exchange.close();`,
    );
    const called = start(process.execPath, ["call.js"], { LAB_PASSWORD: labPassword }, project);
    expect(await called.ended).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/ 1\n$/) });
  } finally {
    await lab.close();
  }
});

test("an action is found by its name, and an unknown name is refused", () => {
  expect(library.action("get-contacts")).toBe(library.catalogue.find(({ name }) => name === "get-contacts"));
  expect(() => library.action("get-contact")).toThrow(RangeError);
});

test("the package has a bill of materials that names it and each of its dependencies, with versions and licences", () => {
  const bill = JSON.parse(readFileSync(join(built.folder, "dist/sbom.cdx.json"), "utf8"));
  expect(bill).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "mailcordon" } } });
  const purls: readonly string[] = bill.components.map(({ purl }: { purl: string }) => purl);
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies))
    expect(purls).toContainEqual(expect.stringMatching(new RegExp(`^pkg:npm/${name.replace("@", "%40")}@\\d`)));
  expect(bill.components.filter(({ licenses }: { licenses?: unknown }) => licenses === undefined)).toEqual([]);
  expect(JSON.stringify(bill)).not.toContain(root);
});

test("the package has the program, the library, its types and its pages, and nothing else", () => {
  const paths = readdirSync(built.folder, { recursive: true, encoding: "utf8" });
  const types = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports["."].types.replace("./", "");
  for (const path of [
    "dist/mailcordon.cjs",
    "dist/program.cjs",
    "dist/lab.cjs",
    "dist/index.js",
    "dist/mailcordon.1",
    "dist/sbom.cdx.json",
    types,
    "SECURITY.md",
    "docs/command-line.md",
  ])
    expect(paths).toContain(path);
  expect(paths.filter((path) => /\.cache$|^dist\/(demo|bench)|^(src|test)\//.test(path))).toEqual([]);
});
