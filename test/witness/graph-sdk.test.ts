import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../../src/lab/seed/practice-tenant.ts";
import { testCertificate } from "../lab/certificate.ts";

const driver = fileURLToPath(new URL("drive-graph-sdk.mjs", import.meta.url));
const listed = spawnSync(process.execPath, [driver, "--list"]);
const isInstalled = listed.status === 0;
const checks: readonly string[] = isInstalled ? JSON.parse(listed.stdout.toString("utf8")) : ["none"];

describe.skipIf(!isInstalled)(
  `Microsoft's kiota SDK and identity library drive the lab${isInstalled ? "" : " (skipped: @microsoft/msgraph-sdk or @azure/identity is not installed)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "graph-sdk-"));
    let lab: Lab;
    let seen: Readonly<Record<string, string | null>> = {};

    beforeAll(async () => {
      const { key, cert } = testCertificate;
      const tenant = { ...practiceTenant(), deviceCode: { interval: 1 } };
      lab = await startLab({ tls: { key, cert }, tenant });
      const file = join(folder, "lab.pem");
      writeFileSync(file, cert);
      const { tenant: id, clientId, secret } = practiceApplication;
      // The SDK sends by fetch, which trusts a certificate of one's own by this variable alone.
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
      const { stdout } = await promisify(execFile)(process.execPath, [driver, lab.url, id, clientId, secret, "hr@example.com"], { env });
      seen = JSON.parse(stdout);
    }, 120_000);
    afterAll(async () => {
      await lab.close();
      rmSync(folder, { recursive: true });
    });

    test.each(checks)("%s", (claim) => {
      expect(seen).toHaveProperty([claim], null);
    });
  },
);
