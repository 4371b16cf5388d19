import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isIgnored, stagesOf, wordsOf } from "../../scripts/dockerfile.ts";

const root = join(import.meta.dirname, "../..");
const stages = stagesOf(readFileSync(join(root, "Dockerfile"), "utf8"));
const ignored = readFileSync(join(root, ".dockerignore"), "utf8");
const last = stages.at(-1)?.instructions ?? [];
const all = stages.flatMap(({ instructions }) => instructions);

test("a Dockerfile is split into its stages, with continued lines and without comments", () => {
  const text = '# one\nARG A=b\nFROM a AS first\nRUN x \\\n  && y\n\n# two\nFROM b\ncmd ["c", "d e"]\n';
  expect(stagesOf(text)).toEqual([
    { name: "first", instructions: [{ word: "RUN", rest: "x && y" }] },
    { name: undefined, instructions: [{ word: "CMD", rest: '["c", "d e"]' }] },
  ]);
  expect(wordsOf({ word: "HEALTHCHECK", rest: '--interval=3s CMD ["c", "d e"]' })).toEqual(["c", "d e"]);
});

test("every copied file exists and passes .dockerignore, and no other file does", () => {
  const sources = all
    .filter(({ word, rest }) => word === "COPY" && !rest.startsWith("--from="))
    .flatMap(({ rest }) => rest.split(" ").slice(0, -1));
  expect(sources.length).toBeGreaterThan(5);
  for (const source of sources) expect([source, existsSync(join(root, source)), isIgnored(ignored, source)]).toEqual([source, true, false]);
  for (const path of [
    ".git/config",
    "mailcordon.yaml",
    "mailcordon-state/postgres",
    "mailcordon-evidence/a.eml",
    "node_modules/zod",
    ".env",
    "test/built.ts",
  ])
    expect([path, isIgnored(ignored, path)]).toEqual([path, true]);
});

test("the image runs as a numeric user other than root, keeps its state in a volume and has a health check", () => {
  const restOf = (word: string) => last.filter((one) => one.word === word).map(({ rest }) => rest);
  expect(restOf("USER")).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
  expect(restOf("VOLUME")).toEqual(["/var/lib/mailcordon"]);
  expect(restOf("HEALTHCHECK")).toHaveLength(1);
  expect(restOf("ENV").join(" ")).toContain("NODE_ENV=production");
  // What comes after USER is not done as root, and nothing is installed in the image that runs.
  expect(restOf("RUN").join(" ")).not.toMatch(/npm|apt/);
});

test("no secret is in the Dockerfile", () => {
  expect(all.map(({ rest }) => rest).join("\n")).not.toMatch(/password|secret|token|key=/i);
});
