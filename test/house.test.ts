import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../src/actions/index.ts";
import { actionNames, loadAction } from "../src/actions/load.ts";
import { answerSchema } from "../src/answer.ts";

const root = normalize(join(import.meta.dirname, ".."));
const filesOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const sources = filesOf("src");

/** A room is a folder of src/, or a root file. Each may import what stands behind it, and itself. */
const core = ["failure", "outcome", "exchange", "parse-json", "unicode-form", "libraries"];
const door = [
  ...core,
  "disk",
  "action",
  "answer",
  "fields",
  "input",
  "items",
  "audit",
  "audit-chain",
  "audit-head",
  "audit-lock",
  "audit-seal",
  "audit-verify",
  "file-lines",
  "json-text",
  "evidence",
  "evidence-index",
  "safe-name",
  "perform",
  "looking",
  "door",
];
const floors: Readonly<Record<string, readonly string[]>> = {
  failure: [],
  spelling: [],
  lab: [],
  disk: ["failure"],
  // Imported late, so that a library costs nothing where it is not needed.
  libraries: [],
  outcome: ["failure"],
  "parse-json": [],
  wire: ["failure", "disk", "parse-json", "libraries"],
  exchange: ["failure", "outcome", "parse-json", "unicode-form", "libraries"],
  "file-setting": ["failure", "disk"],
  secrets: ["failure", "file-setting"],
  "settings-fields": ["secrets"],
  "settings-oauth": ["secrets", "settings-fields"],
  "settings-on-premises": ["secrets", "settings-fields", "settings-oauth", "wire"],
  "settings-network": ["secrets", "settings-fields", "wire"],
  "settings-graph": ["settings-fields", "wire"],
  "settings-places": ["failure"],
  "settings-yaml": ["failure", "file-setting", "libraries", "settings-places"],
  "settings-audit": ["failure", "secrets", "settings-fields", "settings-places"],
  "settings-schema": ["settings-audit", "settings-fields", "settings-graph", "settings-network", "settings-oauth", "settings-on-premises"],
  settings: [
    "failure",
    "settings-audit",
    "settings-places",
    "settings-yaml",
    "secrets",
    "settings-graph",
    "settings-network",
    "settings-oauth",
    "settings-on-premises",
    "settings-schema",
    "spelling",
    "wire",
  ],
  "sign-in": ["failure", "file-setting", "settings-oauth", "settings-on-premises", "wire"],
  tokens: ["failure", "file-setting", "settings-oauth", "wire"],
  "command-words": ["failure", "action", "actions", "spelling"],
  "audit-lock": ["failure", "parse-json"],
  "audit-seal": [],
  "audit-head": ["failure", "disk", "parse-json"],
  "audit-chain": ["failure", "parse-json", "file-lines"],
  "audit-verify": ["outcome", "failure", "parse-json", "file-lines", "audit-chain", "audit-head", "audit-seal"],
  "input-file": ["failure", "action", "disk"],
  "unicode-form": [],
  "safe-name": ["unicode-form"],
  "file-lines": ["disk"],
  "json-text": [],
  jitless: [],
  mime: ["failure", "outcome", "exchange", "wire"],
  ews: [...core, "mime", "wire"],
  graph: [...core, "mime", "wire"],
  route: core,
  restricted: core,
  state: ["failure", "disk"],
  "settings-serve": ["failure", "file-setting", "secrets", "settings", "settings-fields"],
  setup: ["failure"],
  doctor: [...core, "secrets", "settings", "settings-oauth", "settings-on-premises", "open", "tokens", "setup", "ews", "graph", "wire"],
  input: ["failure", "parse-json", "spelling", "unicode-form"],
  fields: [...core, "input"],
  action: [...core, "input"],
  ...Object.fromEntries(["answer", "audit", "evidence", "evidence-index", "perform", "looking", "door"].map((room) => [room, door])),
  // What it keeps of a message it takes apart first.
  items: [...door, "mime"],
  ...Object.fromEntries(["which-messages", "which-attachments"].map((room) => [room, [...door, "which-messages"]])),
  // A whole message is taken apart for a person who is asked.
  "new-mail": [...door, "mime"],
  actions: [...core, "action", "answer", "fields", "input", "looking", "which-messages", "which-attachments", "new-mail"],
  faces: [
    "failure",
    "outcome",
    "action",
    "answer",
    "input",
    "fields",
    "perform",
    "audit",
    "evidence",
    "json-text",
    "parse-json",
    "spelling",
    "restricted",
    "state",
    "evidence-index",
    "door",
    "disk",
  ],
};
/** The top floor knows everyone. */
const top = [
  "main",
  "program",
  "index",
  "open",
  "audit-command",
  "doctor-command",
  "export-command",
  "keys-command",
  "lab-command",
  "keys-command",
  "mcp-command",
  "serve-command",
  "serve-command",
  "setup-command",
];
const roomOf = (file: string) => (file.split("/")[0] ?? "").replace(/\.ts$/, "");

/** The files that a file of src/ imports. Type imports and late imports count, since a reader follows them as well. */
const importsOf = (file: string) =>
  [...readFileSync(join(root, "src", file), "utf8").matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*"(\.[^"]+)"/g)].map(([, path = ""]) =>
    normalize(join(dirname(file), path)),
  );

test("imports only look down", () => {
  const up = sources.flatMap((file) => {
    const room = roomOf(file);
    const rooms = importsOf(file).map(roomOf);
    return rooms.filter((other) => other !== room && floors[room]?.includes(other) === false).map((other) => `${file} imports ${other}`);
  });
  expect(up).toEqual([]);
});

/** One import cycle, as a path that ends where it began; undefined where there is none. */
function cycleIn(files: readonly string[], imported: (file: string) => readonly string[]): string | undefined {
  const clear = new Set<string>();
  for (const start of files) {
    // The files from `start` to the current one, each with those of its imports that are still to be followed.
    const path = [{ file: start, left: [...imported(start)] }];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.left.pop();
      const begins = path.findIndex(({ file }) => file === next);
      if (next === undefined) clear.add(path.pop()?.file ?? "");
      else if (begins >= 0) return [...path.slice(begins).map(({ file }) => file), next].join(" imports ");
      else if (!clear.has(next)) path.push({ file: next, left: [...imported(next)] });
    }
  }
  return undefined;
}

describe("no file imports, directly or through others, a file that imports it:", () => {
  test("src/ has no import cycle", () => {
    const known = new Set(sources);
    expect(cycleIn(sources, (file) => importsOf(file).filter((other) => known.has(other)))).toBeUndefined();
  });

  test("a cycle is found below files that are in none, and two ways to one file are no cycle", () => {
    const files: Record<string, string[]> = { a: ["b", "c"], b: ["d"], c: ["d"], d: [] };
    const imported = (file: string) => files[file] ?? [];
    expect(cycleIn(Object.keys(files), imported)).toBeUndefined();
    files.d = ["e"];
    files.e = ["c"];
    expect(cycleIn(Object.keys(files), imported)).toBe("c imports d imports e imports c");
  });
});

test("every room stands on a floor", () => {
  const rooms = new Set(sources.map(roomOf));
  expect([...rooms].filter((room) => floors[room] === undefined && !top.includes(room))).toEqual([]);
});

test.each(["src", "test", "bench", "scripts"])("no file of %s/ has more than 400 lines", (folder) => {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => /\.(?:ts|[cm]js|py)$/.test(name));
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => readFileSync(join(root, folder, file), "utf8").split("\n").length > 401)).toEqual([]);
});

describe("test/ mirrors src/:", () => {
  // Tests of what is no one file of src/: every face at once, a server whose files are broken, a catalogue with one more action, whole clients and corpora, the contract over a back end, every fault under every action, the archive of a mailbox under each, a search over servers that do otherwise, the scripts, the examples and the guides, this house.
  const besides =
    /^(packed\/|faces\/server-paths|witness\/|scripts\/|guides\/|house|examples|every-face|one-more-action|exchange\/(ews|graph)|actions\/(archive|faults|habits|search)\/|ews\/(samples|schema)|graph\/schema)/;
  test.each(filesOf("test").filter((file) => file.endsWith(".test.ts") && !besides.test(file)))("%s has its source", (file) => {
    expect(existsSync(join(root, "src", file.replace(/\.test\.ts$/, ".ts")))).toBe(true);
  });
});

test("the catalogue is in alphabetical order, each action in the file of its name, and can be loaded one by one", async () => {
  const names = catalogue.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(actionNames);
  for (const action of catalogue) {
    expect(existsSync(join(root, "src/actions", `${action.name}.ts`))).toBe(true);
    expect(await loadAction(action.name)).toBe(action);
  }
});

test("outside of src/actions/ no code knows an action by its name: what it needs to know is a member of Action", () => {
  const spellings = catalogue.flatMap(({ name, title }) => [name, name.replaceAll("-", "_"), title]);
  // A text that is nothing but the name; in a sentence for people it may stand.
  const literal = new RegExp(`(["'\`])(?:${spellings.join("|")})\\1`, "g");
  const file = new RegExp(`actions/(?:${actionNames.join("|")})\\.ts"`, "g");
  const known = sources
    .filter((source) => !source.startsWith("actions/"))
    .flatMap((source) => {
      const text = readFileSync(join(root, "src", source), "utf8").replace(/\/\*[\s\S]*?\*\/|^ *\/\/.*/gm, "");
      return [...(text.match(literal) ?? []), ...(text.match(file) ?? [])].map((found) => `${source}: ${found}`);
    });
  expect(known).toEqual([]);
});

test("no field of an action has the name of a flag of the command line itself", async () => {
  const { programFlags } = await import("../src/faces/flags.ts");
  for (const { name, input } of catalogue)
    expect([name, Object.keys(input.shape).filter((field) => field in programFlags)]).toEqual([name, []]);
});

test("what a message names as a field, a flag, a variable or a setting is one", async () => {
  const { programFlags } = await import("../src/faces/flags.ts");
  const { SettingsFile } = await import("../src/settings-schema.ts");
  const { ServeSettings } = await import("../src/settings-serve.ts");
  const { variables } = await import("../src/settings.ts");
  const fields = catalogue.flatMap((action) => [z.toJSONSchema(action.input, { io: "input" }), z.toJSONSchema(answerSchema(action))]);
  const names = new Set(
    [...fields, z.toJSONSchema(SettingsFile, { io: "input" }), z.toJSONSchema(ServeSettings, { io: "input" })].flatMap(namesIn),
  );
  // Microsoft's name of a permission.
  names.add("full_access_as_app");
  const texts = sources
    .filter((file) => !file.startsWith("lab/"))
    .map((file) => [file, readFileSync(join(root, "src", file), "utf8")] as const);
  // The usage of a command lists its flags.
  const usages = texts.flatMap(([file, text]) =>
    file.endsWith("-command.ts") ? (/const usage = `[^`]*`/.exec(text)?.[0].match(/--[a-z-]+/g) ?? []) : [],
  );
  const flags = new Set([...names, ...Object.keys(programFlags)].map((name) => `--${name.replaceAll("_", "-")}`));
  for (const flag of usages) flags.add(flag);
  const known = new Set<string>([...Object.keys(variables), "MAILCORDON_CONFIG", "MAILCORDON_CONNECTION"]);
  const wrong = texts.flatMap(([file, text]) => {
    const sentences = text.matchAll(/(?:hint: (?:\([^)]*\) =>\s*)?|new Failure\(\s*"[a-z-]+",\s*)("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)/g);
    const said = [...sentences].flatMap(([, sentence = ""]) => sentence.replace(/\$\{[^}]*\}/g, "").match(namesOfOurs) ?? []);
    return said
      .filter((word) => !flags.has(word) && !known.has(word) && !word.split(".").every((part) => names.has(part)))
      .map((word) => `${file}: ${word}`);
  });
  expect(wrong).toEqual([]);
});

// A list of a server or a caller has any length, and a call takes some hundred thousand arguments: more end it with a RangeError.
test("no list is spread into the arguments of a call that any number of items may reach", () => {
  // Actions, filters, fields of a row, items of one batch, and a cursor of a bounded length.
  const bounded = [
    "ews/batch.ts",
    "exchange/cursor.ts",
    "faces/mcp/mount.ts",
    "faces/question.ts",
    "faces/table.ts",
    "graph/kql.ts",
    "graph/odata.ts",
    "input/limits.ts",
  ];
  const spread = sources
    .filter((file) => !file.startsWith("lab/"))
    .filter((file) =>
      /\.(?:push|unshift|concat)\(\.\.\.|Math\.(?:max|min)\([^()]*\.\.\./.test(readFileSync(join(root, "src", file), "utf8")),
    );
  expect(spread.filter((file) => !bounded.includes(file))).toEqual([]);
});

/** `--item-id`, `item_id`, `ews.url`, `MAILCORDON_MAILBOX`. */
const namesOfOurs =
  /(?<![\w.$@/-])(?:--[a-z][a-z-]+|[a-z]+(?:\.[a-z_]+)*_[a-z_.]*[a-z]|(?:ews|graph|auth|proxy|tls)\.[a-z_.]*[a-z]|MAILCORDON_[A-Z_]+)\b(?!\w)/g;

/** Every name of a property, at any depth, and every text that one may have. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    const own =
      key === "properties" && typeof value === "object" && value !== null
        ? Object.keys(value)
        : key === "enum" && Array.isArray(value)
          ? value
          : [];
    return [...own, ...namesIn(value)].map(String);
  });
}
