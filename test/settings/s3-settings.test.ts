import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { asFailure } from "../../src/failure.ts";
import { loadEvidence } from "../../src/settings/load-evidence.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const secrets = { S3_ID: "AKIATEST", S3_SECRET: "very-secret" };
const withKeys = { access_key_id: "env:S3_ID", secret_access_key: "env:S3_SECRET" };

function settings(evidence_s3: unknown, more: object = {}) {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-s3-settings-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "mailcordon.yaml"), JSON.stringify({ evidence_s3, ...more }));
  return directory;
}
const load = (evidence_s3: unknown, environment: Readonly<Record<string, string>> = secrets) =>
  loadEvidence({ directory: settings(evidence_s3), environment });
const refusal = async (evidence_s3: unknown) => asFailure(await load(evidence_s3).catch((thrown: unknown) => thrown));

describe("evidence_s3", () => {
  test("needs only a bucket at Amazon S3, and then uses the identity of the machine", async () => {
    const { s3 } = await load({ bucket: "mailcordon-evidence" }, { AWS_REGION: "eu-central-1" });
    expect(s3).toEqual({
      ...{ bucket: "mailcordon-evidence", region: "eu-central-1", endpoint: undefined, prefix: "", pathStyle: false },
      ...{ keys: undefined, caFile: undefined },
    });
  });

  test("of another server names the bucket in the path, and shows no secret", async () => {
    const { s3 } = await load({
      bucket: "evidence",
      endpoint: "https://minio.example.com:9000",
      prefix: "cases",
      ca_file: "ca.pem",
      ...withKeys,
    });
    expect(s3).toMatchObject({ prefix: "cases/", pathStyle: true, caFile: expect.stringMatching(/^\/.*ca\.pem$/) });
    expect(s3?.keys?.secret.reveal()).toBe("very-secret");
    expect(JSON.stringify(s3)).not.toContain("very-secret");
  });

  test("gives way to a folder that a flag or the environment names", async () => {
    const directory = settings({ bucket: "mailcordon-evidence" });
    expect(await loadEvidence({ directory, environment: { MAILCORDON_EVIDENCE_DIR: "here" } })).toEqual({
      folder: join(directory, "here"),
    });
    expect(await loadEvidence({ directory, environment: {}, flags: { evidenceDir: "there" } })).toEqual({
      folder: join(directory, "there"),
    });
  });

  test("is read with the settings of a connection as well", async () => {
    const directory = settings({ bucket: "mailcordon-evidence" });
    const environment = { MAILCORDON_EWS_URL: "https://mail.example.com/EWS/Exchange.asmx", MAILCORDON_TOKEN: "x" };
    expect((await loadSettings({ directory, environment })).evidence.s3?.bucket).toBe("mailcordon-evidence");
  });

  test.each([
    ["no bucket", {}, "evidence_s3.bucket is missing; put the name of the bucket"],
    ["a bucket that could be a path", { bucket: "../x" }, "evidence_s3.bucket is not valid"],
    ["no object", "bucket", "evidence_s3 is not valid; put at least bucket"],
    ["plain http", { bucket: "evidence", endpoint: "http://minio.example.com" }, "evidence_s3.endpoint is plain http"],
    ["a secret in the file", { bucket: "evidence", ...withKeys, secret_access_key: "very-secret" }, "put env:NAME"],
    ["half of the keys", { bucket: "evidence", access_key_id: "env:S3_ID" }, "put both access_key_id and secret_access_key"],
    ["a variable that is not set", { bucket: "evidence", ...withKeys, access_key_id: "env:NOT_SET" }, "NOT_SET is not set"],
    ["a prefix with a control character", { bucket: "evidence", prefix: "a\nb" }, "evidence_s3.prefix is not valid"],
    ["an unknown setting", { bucket: "evidence", buket: "x" }, "evidence_s3.buket is not a setting. Known here: bucket, region"],
  ])("with %s is refused, and says what to put", async (_, written, said) => {
    const { code, message } = await refusal(written);
    expect(code).toBe("invalid-settings");
    expect(message).toContain(said);
    expect(message).not.toContain("very-secret");
  });
});
