import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { runExport } from "../../src/commands/export-command.ts";
import { runServe } from "../../src/commands/serve-command.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { Failure } from "../../src/failure.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { startProxy } from "../../src/lab/proxy.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { openState } from "../../src/state/state.ts";
import {
  fileWith,
  noPython,
  partsOf,
  type Ran,
  realService,
  run,
  type StandIn,
  scriptOf,
  standIn,
  without,
} from "../faces/automation-service/stage.ts";
import { testCertificate } from "../lab/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-export-"));
// As root, the database runs as another user, who must be able to go through here.
chmodSync(folder, 0o711);
afterAll(() => rmSync(folder, { recursive: true }));

function screenWith(written: (text: string) => void, isTTY = false, signal = new AbortController().signal): Screen {
  return {
    stdin: Object.assign(new PassThrough().end(), { isTTY: false }),
    stdout: { isTTY, columns: 100, write: written },
    stderr: { isTTY, columns: 100, write: () => true },
    signal,
  };
}

async function exported(words: readonly string[], isTTY = false): Promise<string> {
  let out = "";
  expect(
    await runExport(
      words,
      screenWith((text) => (out += text), isTTY),
    ),
  ).toBe(0);
  return out;
}

describe("mailcordon export automation-service", () => {
  test("writes the golden bundle and reports its files and category", async () => {
    const out = join(folder, "new", "deep");
    const said = JSON.parse(await exported(["automation-service", "--out", out]));
    expect(said).toMatchObject({ success: true, name: "Mailcordon", version: "1.0", category: "Email Gateway" });
    expect(said.files).toEqual([...realService.files.keys()]);
    for (const [name, content] of realService.files) expect(readFileSync(join(out, name)).equals(Buffer.from(content))).toBe(true);
  });

  test("names the files of another export and leaves them", async () => {
    const out = join(folder, "again");
    expect(JSON.parse(await exported(["automation-service", "--out", out]))).not.toHaveProperty("others");
    expect(JSON.parse(await exported(["automation-service", "--out", out]))).not.toHaveProperty("others");
    writeFileSync(join(out, "actions", "13-forward-email.action.yaml"), "old");
    writeFileSync(join(out, "mine.txt"), "mine");
    const { message, others } = JSON.parse(await exported(["automation-service", "--out", out]));
    expect(others).toEqual(["actions/13-forward-email.action.yaml"]);
    expect(message).toContain("Do not upload these files of another export: actions/13-forward-email.action.yaml.");
    expect(readFileSync(join(out, "actions", "13-forward-email.action.yaml"), "utf8")).toBe("old");
  });

  test("writes the requested version of the integration as a text", async () => {
    const out = join(folder, "versioned");
    expect(await exported(["automation-service", "--out", out, "--version", "2.10"], true)).toContain(
      `Mailcordon 2.10 with ${catalogue.length} actions`,
    );
    expect(readFileSync(join(out, "mailcordon.integration.yaml"), "utf8")).toContain("\nversion: '2.10'\n");
  });

  test.each([
    [[], "automation-service --out DIR"],
    [["automation-service"], "--out DIR"],
    [["something", "--out", "x"], "automation-service --out DIR"],
    [["automation-service", "--out", "x", "--version", "new"], "--version"],
    [["automation-service", "--out", join(folder, "file", "below")], "ENOTDIR"],
    [["automation-service", "--wrong"], "--wrong"],
  ])("with the arguments %j is refused with %j", async (words, said) => {
    writeFileSync(join(folder, "file"), "");
    await expect(
      runExport(
        words,
        screenWith(() => true),
      ),
    ).rejects.toThrow(Failure);
    await expect(
      runExport(
        words,
        screenWith(() => true),
      ),
    ).rejects.toThrow(said);
  });

  test("prints its flags with --help", async () => {
    expect(await exported(["--help"], true)).toContain("--version V");
  });
});

describe.skipIf(noPython)(`every script, against mailcordon serve over the lab${without}:`, () => {
  let lab: Lab;
  let url = "";
  let secret = "";
  let reader = "";
  let soar: StandIn;
  const stop = new AbortController();
  let served: Promise<number> | undefined;

  beforeAll(async () => {
    lab = await startLab({ password: "practice-word" });
    vi.stubEnv("EXPORT_TEST_PASSWORD", "practice-word");
    const [cert_file, key_file, config] = [join(folder, "cert.pem"), join(folder, "key.pem"), join(folder, "mailcordon.yaml")];
    writeFileSync(cert_file, testCertificate.cert);
    writeFileSync(key_file, testCertificate.key);
    const basic = { username: socAddress, password: "env:EXPORT_TEST_PASSWORD" };
    const state_dir = join(folder, "state");
    const lab1 = { ews: { url: lab.ewsUrl }, mailbox: socAddress, auth: { basic } };
    const serve = { state_dir, tls: { cert_file, key_file } };
    writeFileSync(config, JSON.stringify({ evidence_dir: join(folder, "evidence"), connections: { lab: lab1 }, serve }));
    url = await new Promise<string>((resolve, reject) => {
      const screen = screenWith((text) => resolve(JSON.parse(text).url), false, stop.signal);
      served = runServe(["--config", config, "--port", "0", "--quiet"], screen, "0.0.0");
      served.catch(reject);
    });
    const state = await openState({ directory: state_dir });
    const grant = { mailboxes: undefined, connections: undefined };
    secret = (await state.keys.create({ name: "playbooks", grant: { ...grant, roles: ["read", "contain", "send"] } })).secret;
    reader = (await state.keys.create({ name: "reader", grant: { ...grant, roles: ["read"] } })).secret;
    await state.close();
    soar = await standIn(({ path, method }) =>
      method === "POST" && path === "/api/csoar/v3/incidents/7/attachments/" ? { body: { id: 5 } } : { status: 404 },
    );
  });
  afterAll(async () => {
    stop.abort();
    await served;
    await lab.close();
    vi.unstubAllEnvs();
  });

  const resource = () => ({ api_url: url, api_key: secret, ca_certificate: testCertificate.cert, default_mailbox: "user03@example.com" });
  const done = ({ code, out, err }: Ran) => {
    expect([code, err]).toEqual([0, ""]);
    return JSON.parse(out);
  };
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  test("the test of the connection succeeds, and fails with a wrong API key or an untrusted certificate", async () => {
    const script = realService.integration.script.test_connection_code;
    expect(done(await run(script, resource()))).toMatchObject({ success: true });
    const wrong = await run(script, { ...resource(), api_key: "mck_wrong_key" });
    expect([wrong.code, wrong.out]).toEqual([1, ""]);
    expect(wrong.err).toMatch(/^unauthenticated: /);
    expect((await run(script, { ...resource(), ca_certificate: "" })).code).toBe(1);
  });

  /** Fields, and what must be in the answer; in this order, since some change what the next would find. */
  const runs: readonly (readonly [string, Readonly<Record<string, string>>, object])[] = [
    [
      "Get Attachments",
      { mailbox: "legal@example.com", internet_message_id: campaign.rich.messageId },
      { counts: { failed: 0 }, results: expect.any(Array) },
    ],
    ["Get Contacts", { mailbox: "reception@example.com" }, { contacts: expect.any(Array), html: expect.stringContaining("<table>") }],
    ["Get Contacts", { mailbox: "user09@example.com", query: "nobody-has-this-name" }, { message: "No contacts found", contacts: [] }],
    ["Get Searchable Mailboxes", { filter: "user" }, { mailboxes: expect.any(Array) }],
    ["Get Out Of Office", { mailbox: "user04@example.com" }, { state: expect.any(String), html: expect.any(String) }],
    [
      "Search Emails Extended",
      {
        mailboxes: "finance@example.com, payroll@example.com",
        sender: campaign.sender,
        subject: campaign.subject,
        ...{ has_attachments: "None", is_unread: "None", importance: "None", access: "None" },
      },
      { success: true, items: [{ subject: campaign.subject }, { subject: campaign.subject }] },
    ],
    [
      "Copy Email",
      { internet_message_id: campaign.messageId, destination_folder: "Cases", create_folder: "true" },
      { results: [{ action: "copied", destination_mailbox: "user03@example.com" }] },
    ],
    [
      "Delete Attachments",
      { mailbox: "hr@example.com", internet_message_id: campaign.rich.messageId, all: "true", confirm: "true", keep_inline: "1" },
      { results: expect.arrayContaining([expect.objectContaining({ action: "deleted", evidence: expect.any(Object) })]) },
    ],
    [
      "Delete Email",
      { internet_message_id: campaign.messageId, scope: "first", dry_run: "true" },
      { dry_run: true, results: [{ status: "planned" }] },
    ],
    [
      "Delete Email",
      { internet_message_id: campaign.messageId, confirm: "true", keep_evidence: "true" },
      { results: expect.arrayContaining([expect.objectContaining({ action: "soft_deleted" })]) },
    ],
    [
      "Download Mail As EML",
      { mailbox: "payroll@example.com", internet_message_id: campaign.messageId },
      { results: [{ status: "done" }] },
    ],
    [
      "Junk Mail",
      { mailbox: "finance@example.com", internet_message_id: campaign.messageId },
      { results: [{ action: "marked_junk", moved: true }] },
    ],
    [
      "Send Email",
      {
        to: '"Four, User" <user04@example.com>, user05@example.com',
        subject: "Grüße",
        body_text: "It was phishing.",
        headers: "X-Case: 7",
      },
      { results: [{ action: "sent", subject: "Grüße" }] },
    ],
    [
      "Reply To Email",
      { mailbox: campaign.report.mailbox, internet_message_id: campaign.report.messageId, body_html: "<p>Thank you</p>" },
      { results: [{ action: "sent" }] },
    ],
  ];

  test("each action does what the catalogue describes", async () => {
    expect(new Set(runs.map(([title]) => title))).toEqual(new Set(catalogue.map(({ title }) => title)));
    for (const [title, fields, expected] of runs) {
      const answer = done(await run(scriptOf(title), { ...resource(), ...fields }));
      expect([title, answer]).toEqual([title, expect.objectContaining({ success: true })]);
      expect(answer).toMatchObject(expected);
    }
  });

  test("fetched evidence goes into the incident with its hashed bytes, and its link works with an API key", async () => {
    const cloud = { cloud_soar_api_url: soar.url, access_id: "id-of-key", access_key: "key-of-key", IncmanParamIncidentId: "7" };
    const answer = done(
      await run(scriptOf("Download Mail As EML"), {
        ...resource(),
        ...cloud,
        mailbox: "payroll@example.com",
        internet_message_id: campaign.messageId,
      }),
    );
    expect(answer.incident).toEqual({ id: "7", attached: 1, failed: 0 });
    const [row] = answer.results;
    const [asked] = soar.asked;
    const put = asked && partsOf(asked).get("attachment")?.content;
    expect(put?.includes(`Message-ID: ${campaign.messageId}`)).toBe(true);
    expect(sha256(put ?? Buffer.alloc(0))).toBe(row.sha256);
    expect(row).toMatchObject({ incident_attachment: { id: 5 }, file_ref: `${url}/v1/evidence/${row.sha256}` });
  });

  test("a file is attached unchanged, and the output of an earlier node as its evidence", async () => {
    const earlier = done(
      await run(scriptOf("Download Mail As EML"), {
        ...resource(),
        mailbox: "payroll@example.com",
        internet_message_id: campaign.messageId,
      }),
    );
    const attachments = [fileWith("a,b\r\n", "list.csv"), fileWith(JSON.stringify({ message: earlier }))].join(",");
    const sent = done(await run(scriptOf("Send Email"), { ...resource(), to: "user06@example.com", subject: "With files", attachments }));
    const [message] = sent.results;
    const found = done(await run(scriptOf("Get Attachments"), { ...resource(), item_id: message.item_id, expand_nested: "false" }));
    expect(found.results.map(({ sha256 }: { sha256: string }) => sha256)).toEqual([
      sha256(Buffer.from("a,b\r\n")),
      earlier.results[0].sha256,
    ]);
  });

  test("an unconfirmed deletion is refused with its reason, and an action without the role as well", async () => {
    const which = { mailbox: "purchasing@example.com", internet_message_id: campaign.messageId };
    const unconfirmed = await run(scriptOf("Delete Email"), { ...resource(), ...which });
    expect([unconfirmed.code, unconfirmed.out]).toEqual([1, ""]);
    expect(unconfirmed.err).toMatch(/^confirmation-required: /);
    const denied = await run(scriptOf("Junk Mail"), { ...resource(), ...which, api_key: reader });
    expect([denied.code, denied.out]).toEqual([1, ""]);
    expect(denied.err).toMatch(/^access-denied: /);
    expect(
      done(
        await run(scriptOf("Search Emails Extended"), { ...resource(), mailbox: which.mailbox, internet_message_id: campaign.messageId }),
      ).items,
    ).toHaveLength(1);
  });

  test("a message that is already gone counts as deleted, and a partial failure is reported in the answer", async () => {
    const which = { mailbox: "purchasing@example.com", internet_message_id: "<nobody@example.net>", confirm: "true" };
    expect(done(await run(scriptOf("Delete Email"), { ...resource(), ...which }))).toMatchObject({
      success: true,
      results: [{ status: "not_found" }],
    });
    const both = {
      internet_message_id: `<nobody@example.net>,${campaign.report.messageId}`,
      mailbox: campaign.report.mailbox,
      destination_folder: "drafts",
    };
    expect(done(await run(scriptOf("Copy Email"), { ...resource(), ...both }))).toMatchObject({
      success: false,
      counts: { succeeded: 1, not_found: 1 },
    });
  });

  test("a request uses the resource's proxy with its password, and TLS reaches through it to the service", async () => {
    const proxy = await startProxy({ users: { bridge: "proxy-word" } });
    try {
      const through = (word: string) => ({ ...resource(), no_proxy: "", proxy_url: proxy.url.replace("//", `//bridge:${word}@`) });
      done(await run(scriptOf("Get Out Of Office"), through("proxy-word")));
      const { code, err } = await run(scriptOf("Get Out Of Office"), through("wrong-word"));
      expect(code).toBe(1);
      expect(err).toContain("407");
      expect(err).not.toContain("wrong-word");
      const target = url.replace("https://", "");
      expect(proxy.requests).toMatchObject([
        { method: "CONNECT", target, status: 200 },
        { method: "CONNECT", target, status: 407 },
      ]);
    } finally {
      await proxy.close();
    }
  });

  test("a wrong field is named with the accepted values", async () => {
    const { code, err } = await run(scriptOf("Search Emails Extended"), { ...resource(), limit: "many" });
    expect(code).toBe(1);
    expect(err).toMatch(/^invalid-input: limit: is not a number/);
  });
});
