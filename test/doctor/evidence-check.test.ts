import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { doctor } from "../../src/doctor/doctor.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import type { S3Settings } from "../../src/settings/s3-settings.ts";
import { Secret } from "../../src/settings/secrets.ts";
import { bucketName, openS3rver, openScriptedS3, refuse, type Script, s3rverKeys } from "../s3-servers.ts";

/** A check-up without actions, of settings that keep evidence in this bucket. */
async function examined(endpoint: string) {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-doctor-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const keys = { id: new Secret(s3rverKeys.id), secret: new Secret(s3rverKeys.secret), sessionToken: undefined };
  const s3: S3Settings = { bucket: bucketName, region: "us-east-1", endpoint, prefix: "", pathStyle: true, keys, caFile: undefined };
  const environment = { MAILCORDON_EWS_URL: "http://127.0.0.1:9/EWS/Exchange.asmx", MAILCORDON_TOKEN: "x" };
  const load = async () => ({ ...(await loadSettings({ directory, environment })), evidence: { folder: directory, s3 } });
  const report = await doctor({ actions: [], load });
  return { report, step: report.steps.find(({ name }) => name === "evidence") };
}

describe("doctor's step evidence", () => {
  test("keeps some bytes in the bucket once, however often it is asked", async () => {
    const server = await openS3rver();
    onTestFinished(() => server.close());
    await examined(server.endpoint);
    const { step, report } = await examined(server.endpoint);
    expect(step).toMatchObject({ status: "ok", found: expect.stringContaining(`s3://${bucketName}/; `) });
    expect(server.keys()).toEqual(["doctor/probe"]);
    expect(report).toMatchObject({ success: true, exit: 0 });
  });

  test("reports that evidence cannot be kept, with the reason and a hint", async () => {
    const denying: Script = ({ method }, reply) => {
      if (method === "PUT") refuse(reply, 403, "AccessDenied");
      return method === "PUT";
    };
    const server = await openScriptedS3(denying);
    onTestFinished(() => server.close());
    const { step, report } = await examined(server.endpoint);
    expect(step).toMatchObject({
      ...{ status: "failed", code: "evidence-failed", found: expect.stringContaining("access is denied") },
      next: [expect.stringContaining("s3:PutObject")],
    });
    expect(report).toMatchObject({ success: false, message: expect.stringContaining("Evidence cannot be kept.") });
    expect(report.exit).toBeGreaterThan(0);
  });
});
