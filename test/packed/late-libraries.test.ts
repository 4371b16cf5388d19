import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import { backends } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, type Running, start } from "../built.ts";
import { bucketName, openS3rver, s3rverKeys } from "../s3-servers.ts";
import { clientId, makeCertificate, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";

// The installed package holds each library that is loaded late in a file of its own. Each is used here by each program that is shipped.
const { mailboxes, messageId } = campaign.rich;
const [mailbox = ""] = mailboxes;
let built: Built;
let lab: Lab;
/** As root, `serve` starts its database as another user, who must be able to go through here. */
const folder = mkdtempSync(join(tmpdir(), "mailcordon-packed-test-"));
const config = join(folder, "settings.yaml");

beforeAll(async () => {
  built = build();
  const { cert } = makeCertificate(folder);
  lab = await startLab({ tenant: tenantWith({ certificates: [cert] }), graph: { tokens: { [labToken]: labPermissions } } });
  const certificate = "{ pfx: both.pfx, passphrase: env:PASSPHRASE }";
  const oauth = `{ tenant: ${tenantId}, client_id: ${clientId}, authority: "${lab.url}", certificate: ${certificate} }`;
  writeFileSync(
    config,
    `# Read by the YAML library.\nconnections:\n  certificate:\n    ews: { url: "${lab.ewsUrl}" }\n    auth: { oauth: ${oauth} }\n    mailbox: ${mailbox}\n`,
  );
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

const begin = (words: readonly string[], environment: Readonly<Record<string, string>>): Running =>
  start(process.execPath, [built.program, ...words], environment, folder);

async function answer(words: readonly string[], environment: Readonly<Record<string, string>>) {
  const { code, out, err } = await begin(words, environment).ended;
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out);
}

describe.each(backends)("the installed command line over %s", (backend) => {
  test("opens messages attached to a message (iconv-lite)", async () => {
    const words = ["get-attachments", "--mailbox", mailbox, "--internet-message-id", messageId, "--out", join(folder, backend)];
    const { results } = await answer(words, environmentOf(lab, backend));
    const inner = results.filter(({ depth }: { depth: number }) => depth > 0);
    expect(inner.length).toBeGreaterThan(0);
    for (const row of inner) expect(row).toMatchObject({ status: "done", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.stringify(results)).not.toContain("not_expanded");
  });

  test("matches a body against a regular expression (re2js)", async () => {
    const words = ["search-emails-extended", "--mailbox", mailbox, "--body-regex", "inv[o]ice", "--limit", "1"];
    expect(await answer(words, environmentOf(lab, backend))).toMatchObject({ success: true, applied: { body_regex: "client" } });
  });
});

test("the installed command line prints a selected part of an answer in each format (jmespath, yaml)", async () => {
  const words = ["search-emails-extended", "--mailbox", mailbox, "--internet-message-id", messageId];
  const print = async (...more: string[]) => {
    const { code, out, err } = await begin([...words, ...more], environmentOf(lab, "ews")).ended;
    expect([code, err]).toEqual([0, ""]);
    return out;
  };
  expect(await print("--jmespath", "items[].internet_message_id", "-o", "yaml")).toBe(`- "${messageId}"\n`);
  expect(await print("--jmespath", "items[].internet_message_id")).toBe(`["${messageId}"]\n`);
  expect(await print("--output", "jsonl", "--fields", "internet_message_id")).toContain(`"internet_message_id":"${messageId}"`);
  expect((await print("-o", "csv")).split("\r\n")).toHaveLength(3);
  expect(await print("-o", "table")).toContain(messageId);
  expect((await begin([...words, "--jmespath", "["], environmentOf(lab, "ews")).ended).code).toBe(2);
});

test("the installed command line reads a settings file and a PFX file and fetches a token (yaml, node-forge, @azure/msal-node)", async () => {
  const words = ["get-out-of-office", "--config", config];
  expect(await answer(words, { PASSPHRASE: "open" })).toMatchObject({ success: true, mailbox });
});

test("the installed command line keeps evidence in a bucket and writes an evidence archive (@aws-sdk/client-s3, yazl, @dbos-inc/dbos-sdk)", async () => {
  const server = await openS3rver();
  const home = mkdtempSync(join(tmpdir(), "mailcordon-packed-sweep-"));
  // As root, the database is another user's.
  chmodSync(home, 0o711);
  try {
    const settings = join(home, "mailcordon.yaml");
    const s3 = { bucket: bucketName, endpoint: server.endpoint, access_key_id: "env:S3_ID", secret_access_key: "env:S3_SECRET" };
    writeFileSync(
      settings,
      JSON.stringify({ evidence_s3: s3, evidence_dir: "spool", audit_file: "audit.jsonl", serve: { state_dir: "state" } }),
    );
    const environment = { ...environmentOf(lab, "ews"), S3_ID: s3rverKeys.id, S3_SECRET: s3rverKeys.secret };
    const sweep = (...words: readonly string[]) => answer(["sweep", ...words, "--config", settings, "--json"], environment);
    const find = ["--internet-message-id", messageId, "--mailboxes", mailbox];
    const planned = await sweep("plan", ...find, "--then", "delete-email", "--keep-evidence");
    await sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(server.keys().some((key) => key.startsWith("evidence/"))).toBe(true);
    const made = await sweep("archive", planned.sweep, "--output", join(home, "case.zip"));
    expect(made).toMatchObject({ success: true, evidence: { missing: 0 } });
    expect(made.evidence.kept).toBeGreaterThan(0);
  } finally {
    rmSync(home, { recursive: true, force: true });
    await server.close();
  }
});
