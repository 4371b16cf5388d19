import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serverPrograms, startDebianPostgres } from "./debian-postgres.ts";

const root = join(import.meta.dirname, "../..");
const files = ["idempotency", "jobs", "keys", "migrations", "shared-budget", "sweeps"].map((name) => `test/state/${name}.test.ts`);

test.skipIf(serverPrograms === undefined)(
  "the tests of the state also pass on Debian's PostgreSQL (needs the package postgresql)",
  async () => {
    const server = await startDebianPostgres();
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "run", ...files, "--reporter=json"],
      {
        cwd: root,
        env: { ...process.env, TEST_DATABASE_SOCKETS: server.sockets },
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    await server.remove();
    const report = JSON.parse(stdout);
    const failed = report.testResults.flatMap(({ assertionResults }: { assertionResults: { status: string; fullName: string }[] }) =>
      assertionResults.filter((result) => result.status === "failed").map(({ fullName }) => fullName),
    );
    expect({ status, failed }).toEqual({ status: 0, failed: [] });
    expect(report.numPassedTests).toBeGreaterThan(40);
  },
);
