import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import * as yaml from "yaml";
import * as z from "zod";
import { catalogue } from "../../../src/actions/index.ts";
import { type Action, defineWholeAnswerAction, effects } from "../../../src/catalogue/action-definition.ts";
import { sameOverGraph } from "../../../src/exchange/port-methods.ts";
import { automationService } from "../../../src/faces/automation-service/bundle.ts";
import { ActionDefinition, IntegrationDefinition } from "../../../src/faces/automation-service/definition.ts";
import { dataAttributes } from "../../../src/faces/automation-service/integration.ts";
import { prelude } from "../../../src/faces/automation-service/prelude.ts";
import { countSheep } from "../toy.ts";
import { noPython, realService, toyService, without } from "./stage.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const [name, content] of realService.files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
const texts = (service: typeof realService) =>
  [...service.files].filter((entry): entry is [string, string] => typeof entry[1] === "string");

describe("the bundle equals the reviewed files (after a change of a schema, `vitest -u` writes them):", () => {
  test.each(texts(toyService))("%s of the toy catalogue", async (name, text) => {
    await expect(text).toMatchFileSnapshot(`golden/toy/${name}`);
  });

  test.each(texts(realService))("%s", async (name, text) => {
    await expect(text).toMatchFileSnapshot(`golden/mailcordon/${name}`);
  });

  test("the archive, in every byte", async () => {
    const archive = realService.files.get("mailcordon.tar.gz");
    if (!(archive instanceof Uint8Array)) throw new Error("no archive");
    const digest = createHash("sha256").update(archive).digest("hex");
    await expect(`${digest}  mailcordon.tar.gz\n`).toMatchFileSnapshot("golden/mailcordon/SHA256SUMS");
  });
});

describe("the integration of the twelve actions", () => {
  test("has them in the order, with the titles and kinds, that playbooks know", () => {
    expect(realService.actions.map(({ name, type }) => [name, type])).toEqual([
      ["Get Attachments", "Enrichment"],
      ["Get Contacts", "Enrichment"],
      ["Get Searchable Mailboxes", "Enrichment"],
      ["Get Out Of Office", "Enrichment"],
      ["Search Emails Extended", "Enrichment"],
      ["Copy Email", "Containment"],
      ["Delete Attachments", "Containment"],
      ["Delete Email", "Containment"],
      ["Download Mail As EML", "Enrichment"],
      ["Junk Mail", "Containment"],
      ["Send Email", "Notification"],
      ["Reply To Email", "Notification"],
    ]);
    expect(readdirSync(join(folder, "actions")).sort()[2]).toBe("03-get-searchable-mailboxes.action.yaml");
  });

  test("has every field of their inputs, and a mailbox field that overrides the default", () => {
    for (const { name, fields, script } of realService.actions) {
      const action = catalogue.find(({ title }) => title === name);
      const ids = fields.map(({ id }) => id);
      expect(ids.filter((id) => id !== "incident_id").sort()).toEqual(Object.keys(action?.input.shape ?? {}).sort());
      expect(ids[0]).toBe("mailbox");
      expect(script.code).toContain("'mailbox': choice(env('mailbox', env('default_mailbox'))),");
    }
  });

  test("puts files into the incident exactly for actions that fetch evidence", () => {
    const attaching = realService.actions.filter(({ fields }) => fields.some(({ id }) => id === "incident_id"));
    expect(attaching.map(({ name }) => name)).toEqual(["Get Attachments", "Download Mail As EML"]);
    for (const { script } of attaching) expect(script.code).toContain("attach(answer)");
  });

  test("shows a table for each action, and a page for an answer without a list", () => {
    expect(realService.actions.filter(({ src_doc }) => src_doc !== undefined).map(({ name }) => name)).toEqual([
      "Get Contacts",
      "Get Searchable Mailboxes",
      "Get Out Of Office",
      "Search Emails Extended",
    ]);
    for (const { table_view } of realService.actions) expect(table_view.length).toBeGreaterThan(2);
  });

  test("sends an idempotency key exactly for actions that change something", () => {
    for (const { name, script } of realService.actions) {
      const action = catalogue.find(({ title }) => title === name);
      expect([name, script.code.includes("once=ONCE")]).toEqual([name, action && !effects[action.effect].readOnly]);
    }
  });
});

test("every script begins with the same prelude and is ASCII", () => {
  for (const { script } of [...realService.actions, ...realService.sweeps, ...toyService.actions]) {
    expect(script.code.startsWith(prelude)).toBe(true);
    expect(script.code).toMatch(/^[\n\x20-\x7e]+$/);
  }
  expect(realService.integration.script.test_connection_code.startsWith(prelude)).toBe(true);
});

test("a separate YAML parser reads the exact definition from each file, and each matches the schema of its kind", () => {
  for (const [name, text] of texts(realService)) {
    const read: unknown = yaml.parse(text, { version: "1.1" });
    const kind = name.endsWith(".integration.yaml") ? IntegrationDefinition : ActionDefinition;
    const meant = [realService.integration, ...realService.actions, ...realService.sweeps].filter(
      (each) => JSON.stringify(each) === JSON.stringify(kind.parse(read)),
    );
    expect(meant).toHaveLength(1);
  }
});

test("tar reads the archive, which has the same documents in the wrapper of the platform's own content", () => {
  const list = (words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("tar", words, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 24 });
    expect([status, stderr]).toEqual([0, ""]);
    return stdout;
  };
  const names = list(["-tzf", "mailcordon.tar.gz"]).trim().split("\n");
  const all = [...realService.actions, ...realService.sweeps];
  expect(names).toHaveLength(all.length + 1);
  const [first = ""] = names;
  expect(first).toMatch(/^[0-9a-f]{8}\.Mailcordon\.integration\.yaml$/);
  expect(list(["-xzOf", "mailcordon.tar.gz", first])).toBe(realService.files.get("mailcordon.integration.yaml"));
  for (const [at, name] of names.slice(1).entries()) {
    const { action, integration } = yaml.parse(list(["-xzOf", "mailcordon.tar.gz", name]));
    expect(name).toMatch(new RegExp(`^[0-9a-f]{8}\\.${all[at]?.name.replaceAll(" ", "-")}\\.action\\.yaml$`));
    expect(integration).toBe(`{{${first}|id}}`);
    expect(action).toEqual(JSON.parse(JSON.stringify(all[at])));
  }
});

const linter = join(import.meta.dirname, "../../../../shared/automation-service/validate.py");
const hasYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;
test.skipIf(!existsSync(linter) || !hasYaml)(
  `a linter that others wrote finds nothing${existsSync(linter) ? (hasYaml ? "" : " (skipped: python3 has no yaml here)") : " (skipped: it is in ../shared, which is not here)"}`,
  () => {
    const { status, stdout } = spawnSync("python3", [linter], { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe("bad 0\n");
    expect(status).toBe(0);
  },
);

test.skipIf(noPython)(`every script is valid Python 3.6 and reads exactly the declared environment variables${without}`, () => {
  const check = `
import ast, json, re, sys
given = json.load(sys.stdin)
for name, code, fields in given['scripts']:
    tree = ast.parse(code, name, feature_version=(3, 6)) if sys.version_info >= (3, 8) else ast.parse(code, name)
    read = {n.args[0].value if isinstance(n.args[0], ast.Constant) else getattr(n.args[0], 's', None)
            for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, 'id', '') == 'env'}
    read = {each for each in read if isinstance(each, str)}
    print(json.dumps([name, sorted(read - set(fields) - set(given['known'])), sorted(set(fields) - read)]))
`;
  const scripts = [
    ["test", realService.integration.script.test_connection_code, []],
    ...realService.actions.map(({ name, script, fields }) => [name, script.code, fields.map(({ id }) => id)]),
  ];
  const known = [...Object.keys(dataAttributes), "proxy_url", "IncmanParamIncidentId"];
  const { stdout, stderr } = spawnSync("python3", ["-c", check], { input: JSON.stringify({ scripts, known }), encoding: "utf8" });
  expect(stderr).toBe("");
  const said: unknown[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(said).toEqual(scripts.map(([name]) => [name, [], []]));
});

const nothing = async () => ({ message: "." });
const bad = (field: string): Action =>
  defineWholeAnswerAction({
    name: "bad-one",
    title: "Bad One",
    summary: "One that cannot be.",
    uses: [],
    overGraph: sameOverGraph,
    input: z.strictObject({ [field]: z.string().optional() }),
    output: z.strictObject({ message: z.string() }),
  }).run(nothing);

test.each(["api_key", "verify", "proxy_url", "IncmanParamIncidentId", "https_proxy", "incident_id", "Mailbox", "x'); import os #"])(
  "a field with the name %j is refused, not written",
  async (field) => {
    await expect(automationService([bad(field)], { name: "Bad", version: "1.0" })).rejects.toThrow(RangeError);
  },
);

test("hostile text in a catalogue stays text in the YAML, in the scripts and in the page", async () => {
  const words = `'); import os; os.abort() #"""\\ <script>alert(1)</script> \u202e: - {}`;
  const action: Action = { ...countSheep, title: words.replaceAll("\u202e", ""), summary: words };
  const { files, actions } = await automationService([action], { name: "Toy: 'quoted' #", version: "1.0" });
  const text = files.get("actions/01-count-sheep.action.yaml");
  expect(yaml.parse(String(text)).name).toBe(action.title);
  expect(yaml.parse(String(text)).integration).toBe("Toy: 'quoted' #");
  expect(actions[0]?.script.code).toContain(`page(answer, '\\'); import os; os.abort() #"""\\\\ <script>`);
});

test("the guide names only actions, fields and outputs that exist", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../docs/automation-service.md"), "utf8");
  const labels = new Set([
    ...Object.values(dataAttributes).map(({ label }) => label),
    ...realService.actions.flatMap(({ name, fields }) => [name, ...fields.map(({ label }) => label)]),
  ]);
  const outputs = new Set(realService.actions.flatMap(({ output }) => output.map(({ path }) => path)));
  const paths = [...guide.matchAll(/`([a-z_]+(?:\.\[\])[\w.[\]]*)(?: \| join\(,\))?`/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(8);
  expect(paths.filter((path) => !outputs.has(path))).toEqual([]);
  // What is bold or slanted in two words or more, each with a capital, is a label of ours.
  const said = [...guide.matchAll(/\*{1,2}([A-Z][\w-]*(?: [A-Z][\w-]*)+)\*{1,2}/g)].map(([, label = ""]) => label);
  expect(said.length).toBeGreaterThan(8);
  expect(said.filter((label) => !labels.has(label) && !["Email Gateway", "EWS Daemon"].includes(label))).toEqual([]);
});
