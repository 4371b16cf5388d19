import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asFailure, withLocal } from "../../src/failure.ts";
import { openEmbedded } from "../../src/state/embedded-postgres.ts";

const { programs } = vi.hoisted(() => ({ programs: { initdb: "" } }));
vi.mock("../../src/state/postgres-binaries.ts", async (original) => ({
  ...(await original<typeof import("../../src/state/postgres-binaries.ts")>()),
  findBinaries: () => ({ initdb: programs.initdb, postgres: "/nowhere", pgCtl: "/nowhere", environment: {} }),
}));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-initdb-"));
  // For root, who lets another user run it.
  chmodSync(folder, 0o711);
  programs.initdb = join(folder, "initdb");
});
afterEach(() => rmSync(folder, { recursive: true }));

test.skipIf(process.getuid?.() !== 0)(
  "for root, the folders above a new one let the user of PostgreSQL through (as root only)",
  async () => {
    writeFileSync(programs.initdb, "#!/bin/sh\necho reached >&2\nexit 1\n", { mode: 0o755 });
    const failure = asFailure(await openEmbedded(join(folder, "state/of/root")).catch((thrown: unknown) => thrown));
    expect(withLocal(failure).message).toContain("exit code 1. [reached]");
    expect(statSync(join(folder, "state/of")).mode & 0o777).toBe(0o711);
  },
);

async function failureOf(script: string) {
  writeFileSync(programs.initdb, `#!/bin/sh\n${script}\n`);
  chmodSync(programs.initdb, 0o755);
  return asFailure(await openEmbedded(join(folder, "state")).catch((thrown: unknown) => thrown));
}

describe("a database that cannot be created", () => {
  test("is reported with the exit code, and on this machine with the last lines of initdb", async () => {
    const failure = await failureOf(
      'for line in 1 2 3 4 5; do echo "line $line" >&2; done; echo "initdb: error: no room in /srv/secret-place" >&2; exit 3',
    );
    expect(failure.message).toBe("The state database could not be created: initdb ended with exit code 3.");
    expect(failure.hint).toContain("serve.state_dir");
    const { message } = withLocal(failure);
    expect(message).toContain("line 5; initdb: error: no room in /srv/secret-place]");
    expect(message).not.toContain("line 2");
    // Nothing that was begun is left, and the password is nowhere.
    expect(readdirSync(join(folder, "state/postgres"))).toEqual([]);
    expect(existsSync(join(folder, "state/postgres/data"))).toBe(false);
  });

  test("is reported with the signal if initdb was killed without a word", async () => {
    const failure = await failureOf("kill -9 $$");
    expect(failure.message).toBe("The state database could not be created: initdb ended with signal SIGKILL.");
    expect(withLocal(failure).message).toContain(join(folder, "state/postgres"));
  });
});
