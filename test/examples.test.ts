import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build as compile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { labPermissions, labToken } from "../src/lab/practice.ts";
import { campaign } from "../src/lab/seed/campaign.ts";
import { build, environmentOf, start } from "./built.ts";

const root = resolve(import.meta.dirname, "..");
const examples = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"));
let lab: Lab;
/** A project that has installed the package, with the examples in it. */
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-examples-"));
  // Without it, Node.js takes a package.json of a folder above for that of the project, and one with our name would lead there.
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  symlinkSync(join(build().project, "node_modules"), join(folder, "node_modules"));
  await compile({
    entryPoints: examples.map((name) => join(root, "examples", name)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    logLevel: "warning",
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(["ews", "graph"] as const)("Over %s", (backend) => {
  // Each back end has a lab of its own: examples delete.
  beforeAll(async () => {
    lab = await startLab({ graph: { tokens: { [labToken]: labPermissions } } });
  });
  afterAll(() => lab.close());

  async function run(name: string, ...words: string[]) {
    const { code, out, err } = await start(process.execPath, [join(folder, `${name}.mjs`), ...words], environmentOf(lab, backend), folder)
      .ended;
    expect(err).toBe("");
    expect(code).toBe(0);
    return out;
  }

  test("who-is-away says who is away, until when, and what the reply says", async () => {
    const out = await run("who-is-away", "hr@example.com", "user04@example.com", "user01@example.com", "nobody@example.com");
    const lines = out.trim().split("\n");
    expect(lines[0]).toMatch(/^hr@example\.com: away: .+ is away/);
    expect(lines[1]).toMatch(/^user04@example\.com: away until \d{4}-/);
    expect(lines[2]).toBe("user01@example.com: here");
    expect(lines[3]).toMatch(/^nobody@example\.com: \S+/);
  });

  test("keep-evidence keeps every copy of the mail with one hash, and lists what is attached", async () => {
    const out = await run("keep-evidence", campaign.rich.messageId);
    const hashes = [...out.matchAll(/\.eml sha256 ([0-9a-f]{64})/g)].map(([, hash]) => hash);
    expect(hashes).toHaveLength(campaign.rich.mailboxes.length);
    expect(out).toMatch(/attached: .+ \(file\) [0-9a-f]{64}/);
    expect(out).toMatch(/attached: .+ \(item\)/);
  });

  test("every-page counts every mail once, however many pages there are", async () => {
    const out = await run("every-page", "100000");
    expect(out).toMatch(
      new RegExp(
        `^${campaign.copies.length + campaign.variant.mailboxes.length + campaign.rich.mailboxes.length} ${campaign.sender}$`,
        "m",
      ),
    );
  });

  test("take-out leaves everything where it is at first, and nothing when it is told to", async () => {
    expect(await run("take-out", campaign.messageId)).toContain(`Left: ${campaign.copies.length}\n`);
    const out = await run("take-out", campaign.messageId, "--really");
    expect(out.match(/\.eml, gone: true/g)).toHaveLength(campaign.copies.length);
    expect(out).toContain("Left: 0\n");
  });
});

test("every example is run here", () => {
  expect(examples.sort()).toEqual(["every-page.ts", "keep-evidence.ts", "take-out.ts", "who-is-away.ts"]);
});
