import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";

// Debian's own Python: the package python3-exchangelib is for it.
const python = "/usr/bin/python3";
const driver = fileURLToPath(new URL("exchangelib/run_checks.py", import.meta.url));
const listed = spawnSync(python, ["-B", driver, "--list"]);
const checks: readonly string[] = listed.status === 0 ? JSON.parse(listed.stdout.toString("utf8")) : ["none"];
const isInstalled = listed.status === 0;

describe.skipIf(!isInstalled)(
  `exchangelib works with the lab as in the mail part of its own suite${isInstalled ? "" : " (skipped: python3-exchangelib is not installed)"}`,
  () => {
    let lab: Lab;
    let seen: Readonly<Record<string, string | null>> = {};

    beforeAll(async () => {
      lab = await startLab();
      const told = { url: lab.ewsUrl, user: socAddress, password: labPassword, mailbox: "hr@example.com", other: "user09@example.com" };
      const { stdout } = await promisify(execFile)(python, ["-B", driver, JSON.stringify(told)], { maxBuffer: 1 << 24 });
      seen = JSON.parse(stdout);
    }, 300_000);
    afterAll(() => lab.close());

    test.each(checks)("%s", (claim) => {
      expect(seen).toHaveProperty([claim], null);
    });
  },
);
