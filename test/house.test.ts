import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../src/actions/index.ts";
import { actionNames, loadAction } from "../src/actions/load.ts";
import { answerSchema } from "../src/catalogue/answer-envelope.ts";

const root = normalize(join(import.meta.dirname, ".."));
const filesOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const sources = filesOf("src");

/** The folders of src/, and its root files, from the lowest layer to the highest. Each may import itself and what its row names: a folder, or one file. */
const core = ["failure", "outcome", "text", "libraries", "exchange"];
const layers: Readonly<Record<string, readonly string[]>> = {
  failure: [],
  text: [],
  // Imported late, so that a library costs nothing where it is not needed.
  libraries: [],
  lab: [],
  outcome: ["failure"],
  files: ["failure", "text"],
  setup: ["failure", "settings"],
  wire: ["failure", "text", "files", "libraries"],
  exchange: core,
  state: ["failure", "text", "files", "libraries"],
  settings: ["failure", "text", "files", "libraries", "wire"],
  "message-content": [...core, "wire"],
  ews: [...core, "message-content", "wire"],
  graph: [...core, "message-content", "wire"],
  catalogue: [...core, "files", "message-content"],
  verification: [...core, "catalogue"],
  actions: [...core, "catalogue", "verification"],
  perform: [...core, "files", "message-content", "catalogue", "verification"],
  connection: [...core, "files", "wire", "settings", "ews", "graph", "catalogue", "perform"],
  sweeps: [...core, "catalogue", "perform", "settings", "state"],
  doctor: [...core, "wire", "settings", "setup", "ews", "graph", "connection"],
  // No face opens a connection, and none knows an action: both are handed to it.
  faces: [
    "failure",
    "outcome",
    "text",
    "libraries",
    "files",
    "state",
    "catalogue",
    "perform",
    "sweeps",
    "connection/restrict-to-mailboxes",
  ],
};
/** The highest layer may import everything. */
const top = ["main", "index", "commands"];
const topFolderOf = (file: string) => (file.split("/")[0] ?? "").replace(/\.ts$/, "");
const importsOf = (file: string) =>
  [...readFileSync(join(root, "src", file), "utf8").matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*"(\.[^"]+)"/g)].map(([, path = ""]) =>
    normalize(join(dirname(file), path)),
  );

test("imports lead only to lower layers", () => {
  const wrong = sources.flatMap((file) => {
    const allowed = layers[topFolderOf(file)];
    if (allowed === undefined) return [];
    const others = importsOf(file).filter((other) => topFolderOf(other) !== topFolderOf(file));
    return others
      .filter((other) => !allowed.includes(topFolderOf(other)) && !allowed.includes(other.replace(/\.ts$/, "")))
      .map((other) => `${file} imports ${other}`);
  });
  expect(wrong).toEqual([]);
});

test("every folder of src/ is in a layer", () => {
  expect([...new Set(sources.map(topFolderOf))].filter((folder) => layers[folder] === undefined && !top.includes(folder))).toEqual([]);
});

test("no file imports, directly or through others, a file that imports it; type imports count", () => {
  const imports = new Map(sources.map((file) => [file, importsOf(file)]));
  const cycles = new Map<string, string>();
  for (const start of sources) {
    // The shortest way back to the file.
    const paths: string[][] = [[start]];
    const seen = new Set<string>();
    for (let path = paths.shift(); path !== undefined && !cycles.has(start); path = paths.shift()) {
      for (const next of imports.get(path.at(-1) ?? "") ?? []) {
        if (next === start) cycles.set([...path].sort().join(" "), [...path, start].join(" -> "));
        else if (!seen.has(next)) paths.push([...path, next]);
        seen.add(next);
      }
      if ([...cycles.keys()].some((files) => files.split(" ").includes(start))) break;
    }
  }
  expect([...cycles.values()]).toEqual([]);
});

describe("each folder", () => {
  /** In these each action, operation or request of the protocol has a file: the list is the point. */
  const lists = ["src/actions", "src/ews/operations", "src/graph/requests", "src/lab/ews/operations", "src/lab/graph/resources"];
  const folders = new Map<string, string[]>();
  for (const file of sources) folders.set(dirname(`src/${file}`), [...(folders.get(dirname(`src/${file}`)) ?? []), file]);

  test("has between two and twenty files, unless it has a file for each action, operation or request", () => {
    const sizes = [...folders].filter(([folder]) => !lists.includes(folder)).map(([folder, files]) => ({ folder, size: files.length }));
    expect(sizes.filter(({ size }) => size < 2 || size > 20)).toEqual([]);
  });

  test("states its purpose in one sentence at the top of its first file", () => {
    const without = [...folders].filter(([folder, files]) => {
      const [first = ""] = files.sort();
      const [line = ""] = readFileSync(join(root, "src", first), "utf8").split("\n");
      return !new RegExp(`^// ${folder}/: [A-Z].*\\.$`).test(line);
    });
    expect(without.map(([folder, files]) => `${folder}: ${files[0]}`)).toEqual([]);
  });
});

describe.each(["ARCHITECTURE.md", "CONTRIBUTING.md"])("%s", (page) => {
  const text = readFileSync(join(root, page), "utf8");

  test("names only files and folders that exist", () => {
    const named = [...text.matchAll(/`((?:[a-z][\w-]*\/)+(?:[\w-]+(?:\.test)?\.(?:ts|mjs))?)`/g)].map(([, path = ""]) => path);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !existsSync(join(root, "src", path)) && !existsSync(join(root, path)))).toEqual([]);
  });
});

test("ARCHITECTURE.md has a row for each folder of src/", () => {
  const rows = readFileSync(join(root, "ARCHITECTURE.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const folders = [...new Set(sources.filter((file) => file.includes("/")).map(topFolderOf))];
  expect(folders.filter((folder) => !rows.some((row) => (row.split("|")[1] ?? "").includes(`\`${folder}/\``)))).toEqual([]);
});

test("the root of src/ has at most six files", () => {
  expect(sources.filter((file) => !file.includes("/")).length).toBeLessThanOrEqual(6);
});

test.each(["src", "test", "bench", "scripts"])("no file of %s/ has more than 400 lines", (folder) => {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => /\.(?:ts|[cm]js|py)$/.test(name));
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => readFileSync(join(root, folder, file), "utf8").split("\n").length > 401)).toEqual([]);
});

describe("test/ mirrors src/:", () => {
  // Tests of what is no one file of src/: every face at once, a server whose files are broken, a catalogue with one more action, whole clients and corpora, the contract over a back end, every fault under every action, the archive of a mailbox under each, a search over servers that do otherwise, the scripts, the examples and the guides, the rules of this file.
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

test("no code outside src/actions/ knows an action by its name", () => {
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
  const { programFlags } = await import("../src/faces/cli/program-flags.ts");
  for (const { name, input } of catalogue)
    expect([name, Object.keys(input.shape).filter((field) => field in programFlags)]).toEqual([name, []]);
});

test("every field, flag, variable or setting that a message names exists", async () => {
  const { programFlags } = await import("../src/faces/cli/program-flags.ts");
  const { SettingsFile } = await import("../src/settings/settings-schema.ts");
  const { ServeSettings } = await import("../src/settings/serve-settings.ts");
  const { PlanRequest } = await import("../src/sweeps/plan-request.ts");
  const { SweepAnswerNoun } = await import("../src/sweeps/service/answer-schemas.ts");
  const { variables } = await import("../src/settings/environment-variables.ts");
  const fields = catalogue.flatMap((action) => [z.toJSONSchema(action.input, { io: "input" }), z.toJSONSchema(answerSchema(action))]);
  const names = new Set(
    [
      ...fields,
      z.toJSONSchema(SettingsFile, { io: "input" }),
      z.toJSONSchema(ServeSettings, { io: "input" }),
      z.toJSONSchema(PlanRequest, { io: "input" }),
      z.toJSONSchema(SweepAnswerNoun),
    ].flatMap(namesIn),
  );
  // Microsoft's name of a permission.
  names.add("full_access_as_app");
  const texts = sources
    .filter((file) => !file.startsWith("lab/"))
    .map((file) => [file, readFileSync(join(root, "src", file), "utf8")] as const);
  // The usage of a command lists its flags.
  const usages = texts.flatMap(([file, text]) =>
    /(?:-command|\/usage)\.ts$/.test(file) ? (/const usage = `[^`]*`/.exec(text)?.[0].match(/--[a-z-]+/g) ?? []) : [],
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
test("no list of unlimited length is spread into the arguments of a call", () => {
  // Actions, filters, fields of a row, items of one batch, and a cursor of a bounded length.
  const bounded = [
    "ews/session/batch.ts",
    "exchange/search/cursor.ts",
    "faces/mcp/mount.ts",
    "faces/question.ts",
    "faces/cli/table.ts",
    "graph/search/kql-query.ts",
    "graph/search/odata-filter.ts",
    "catalogue/limits.ts",
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
