import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { backends } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, start } from "../built.ts";

let built: Built;
let lab: Lab;
beforeAll(async () => {
  built = build();
  lab = await startLab({ graph: { tokens: { [labToken]: labPermissions } } });
});
afterAll(() => lab.close());

describe.each(backends)("a hash of the audit log that was kept elsewhere, after three reads over %s,", (backend) => {
  let folder = "";
  let log = "";
  /** The hashes of the first and the last entry. */
  let hashes: readonly string[] = [];
  const run = (...words: string[]) => start(process.execPath, [built.program, ...words], environmentOf(lab, backend), folder).ended;
  const verify = async (...flags: string[]) => {
    const { code, out } = await run("audit", "verify", log, ...flags, "--json");
    return { code, ...JSON.parse(out) };
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mailcordon-hashes-"));
    log = join(folder, ".local/state/mailcordon/audit.jsonl");
    for (let reads = 0; reads < 3; reads += 1) expect((await run("get-out-of-office", "--mailbox", "user01@example.com")).code).toBe(0);
    const second = readFileSync(log, "utf8").split("\n")[1] ?? "";
    hashes = [JSON.parse(second).previous, (await verify()).last_hash];
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is found with --contains, and --since counts the later entries alone", async () => {
    for (const hash of hashes) expect(await verify("--contains", hash)).toMatchObject({ code: 0, success: true, entries: 3 });
    expect(await verify("--since", hashes[0] ?? "")).toMatchObject({ code: 0, success: true, entries: 2 });
    expect(await verify("--since", hashes[1] ?? "")).toMatchObject({ code: 0, success: true, entries: 0 });
  });

  test("shows that the last entry is missing, in a copy whose end no file keeps", async () => {
    const copy = join(folder, "copy.jsonl");
    writeFileSync(copy, readFileSync(log, "utf8").split("\n").slice(0, 2).concat("").join("\n"));
    const check = async (...flags: string[]) => {
      const { code, out } = await run("audit", "verify", copy, ...flags, "--json");
      return { code, ...JSON.parse(out) };
    };
    expect(await check("--contains", hashes[0] ?? "")).toMatchObject({ code: 0, success: true, entries: 2 });
    for (const flag of ["--contains", "--since"]) {
      expect(await check(flag, hashes[1] ?? "")).toMatchObject({ code: 31, success: false, error: { code: "audit-failed" } });
    }
  });

  test("must be a SHA-256", async () => {
    expect(await verify("--contains", "00")).toMatchObject({ code: 2, error: { code: "invalid-input" } });
  });
});
