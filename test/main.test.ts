import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catalogue } from "../src/actions/index.ts";
import { effects } from "../src/catalogue/action-definition.ts";
import { failures } from "../src/failure.ts";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { labPermissions, labToken } from "../src/lab/practice.ts";
import { campaign } from "../src/lab/seed/campaign.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { type Built, build, buildPackage, type Ended, environmentOf, start } from "./built.ts";
import { namesCertificate } from "./lab/names-certificate.ts";

/** A terminal for a process, from util-linux or bsdutils. */
const hasScript = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

let built: Built;
let lab: Lab;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-main-"));
beforeAll(async () => {
  built = build();
  lab = await startLab();
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => lab.clearFaults());

const environment = () => ({
  MAILCORDON_EWS_URL: lab.ewsUrl,
  MAILCORDON_USERNAME: "soc@example.com",
  MAILCORDON_PASSWORD: labPassword,
  MAILCORDON_MAILBOX: "soc@example.com",
});
const run = (words: readonly string[], changes: Record<string, string> = {}, stdin?: string) =>
  start(process.execPath, [built.program, ...words], { ...environment(), ...changes }, folder, stdin);
const document = ({ out }: Ended) => {
  expect(out.endsWith("\n")).toBe(true);
  return JSON.parse(out);
};

test("a whole process prints one JSON document and nothing else", async () => {
  const ended = await run(["get-out-of-office", "--mailbox", "hr@example.com"]).ended;
  expect(document(ended)).toMatchObject({ success: true, mailbox: "hr@example.com", state: "Enabled", is_active_now: true });
  expect(ended).toMatchObject({ code: 0, err: "" });
});

test("a build prints the same without its compile cache", async () => {
  const dist = join(folder, "dist");
  cpSync(join(buildPackage(), "dist"), dist, { recursive: true });
  const kept = readdirSync(dist).filter((name) => name.endsWith(".cache"));
  const files = readdirSync(dist).filter((file) => /^(?:program.*|yaml)\.cjs$/.test(file));
  expect(kept).toEqual(files.map((file) => `${file}.${process.version}-${process.arch}.cache`));
  const name = `program.cjs.${process.version}-${process.arch}.cache`;
  const answer = async () => {
    const words = [join(dist, "mailcordon.cjs"), "get-out-of-office"];
    return document(await start(process.execPath, words, environment(), folder).ended);
  };
  expect(await answer()).toMatchObject({ success: true });
  writeFileSync(join(dist, name), "not a cache");
  expect(await answer()).toMatchObject({ success: true });
  rmSync(join(dist, name));
  expect(await answer()).toMatchObject({ success: true });
});

test("--version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(built.folder, "package.json"), "utf8"));
  expect(await run(["--version"]).ended).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

test("the actions are listed under their titles", async () => {
  const list: { name: string; title: string; kind: string }[] = document(await run(["actions"]).ended);
  expect(list.map(({ title, kind }) => [title, kind])).toEqual(catalogue.map(({ title, effect }) => [title, effects[effect].kind]));
});

test("every action explains every field of its input", async () => {
  const list: { name: string }[] = document(await run(["actions"]).ended);
  for (const { name } of list) {
    const { out, code } = await run([name, "--help"]).ended;
    expect(code).toBe(0);
    expect(out).toContain("  --mailbox TEXT");
    // A flag whose meaning is empty ends its line.
    expect(out.split("\n").filter((line) => /^ {2}--\S+( [A-Z]+…?)?$/.test(line) && line.length < 26)).toEqual([]);
  }
});

test("settings are read from mailcordon.yaml in the working directory, with the password in a file beside it", async () => {
  writeFileSync(join(folder, "password"), `${labPassword}\n`);
  writeFileSync(
    join(folder, "mailcordon.yaml"),
    `connections:\n  lab:\n    ews: { url: "${lab.ewsUrl}" }\n    auth: { basic: { username: soc@example.com, password: "file:password" } }\n    mailbox: user04@example.com\n`,
  );
  try {
    const ended = await start(process.execPath, [built.program, "get-out-of-office"], {}, folder).ended;
    expect(document(ended)).toMatchObject({ mailbox: "user04@example.com", state: "Scheduled", is_active_now: true });
  } finally {
    rmSync(join(folder, "mailcordon.yaml"));
  }
});

test("a large attachment as base64 ends in one failure if the heap is too small, not in an abort", async () => {
  const mailbox = lab.store.mailbox("soc@example.com");
  const content = Buffer.alloc(40_000_000, "x");
  const item = mailbox?.add(mailbox.known("inbox"), { subject: "large", attachments: [{ kind: "file", name: "large.bin", content }] });
  const words = ["get-attachments", "--item-id", String(item?.id), "--as", "base64", "--max-bytes", "60000000"];
  const ended = await run(words, { NODE_OPTIONS: "--max-old-space-size=100" }).ended;
  expect(document(ended)).toMatchObject({ success: false, results: [{ name: "large.bin", error: { code: "too-large" } }] });
  expect(ended.code).toBe(failures["too-large"].exit);
  const enough = await run(words, { NODE_OPTIONS: "--max-old-space-size=1024" }).ended;
  expect(document(enough).results[0]).toMatchObject({ size: 40_000_000, fetched: true });
}, 120_000);

describe("a reply that does not end is abandoned", () => {
  const endless = async (piece: Buffer, everyMs: number, type: string) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": type });
      const timer = setInterval(() => response.write(piece), everyMs);
      request.socket.on("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return { server, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` };
  };
  const wayOf = (backend: string, url: string): Record<string, string> => ({
    ...(backend === "graph" ? { MAILCORDON_TOKEN: "x", MAILCORDON_USERNAME: "", MAILCORDON_PASSWORD: "" } : {}),
    MAILCORDON_BACKEND: backend,
    MAILCORDON_EWS_URL: `${url}/EWS/Exchange.asmx`,
    MAILCORDON_GRAPH_URL: `${url}/v1.0`,
  });

  test.each([
    ["ews", "text/xml"],
    ["graph", "application/json"],
  ])("after its time, %s", async (backend, type) => {
    const { server, url } = await endless(Buffer.from(" "), 50, type);
    const ended = await run(["get-out-of-office"], { ...wayOf(backend, url), MAILCORDON_TOTAL_SECONDS: "1" }).ended;
    server.closeAllConnections();
    server.close();
    expect(document(ended)).toMatchObject({ success: false, error: { code: "timeout", message: expect.stringContaining("within 1 s") } });
    expect(ended.code).toBe(failures.timeout.exit);
  });

  test.each([
    ["ews", "text/xml"],
    ["graph", "application/json"],
  ])("after its bytes, %s", async (backend, type) => {
    const { server, url } = await endless(Buffer.alloc(256 * 1024, " "), 1, type);
    const ended = await run(["get-out-of-office"], { ...wayOf(backend, url), MAILCORDON_MAX_REPLY_MEGABYTES: "1" }).ended;
    server.closeAllConnections();
    server.close();
    expect(document(ended)).toMatchObject({
      success: false,
      error: { code: "broken-reply", message: expect.stringContaining("more than 1048576 bytes") },
    });
    expect(ended.code).toBe(failures["broken-reply"].exit);
  });
});

test.each([
  ["wrong input", ["get-contacts", "--limit", "0"], {}, 2, "invalid-input"],
  ["no settings", ["get-contacts"], { MAILCORDON_EWS_URL: "" }, 3, "invalid-settings"],
  ["a wrong password", ["get-contacts"], { MAILCORDON_PASSWORD: "wrong" }, 10, "unauthenticated"],
  ["a mailbox that is not there", ["get-contacts", "--mailbox", "nobody@example.com"], {}, 14, "mailbox-not-found"],
])("%s has its exit code and its document, and --quiet keeps stderr empty", async (_, words, changes, code, name) => {
  const ended = await run([...words, "--quiet"], changes).ended;
  expect(document(ended)).toMatchObject({ success: false, error: { code: name } });
  expect(ended).toMatchObject({ code, err: "" });
  expect(ended.out).not.toContain('wrong"');
});

test("input is read as JSON from standard input, and evidence is written to --out", async () => {
  const input = JSON.stringify({ mailbox: campaign.mailboxes[0], internet_message_id: [campaign.messageId] });
  const ended = await run(["download-mail-as-eml", "--input", "-", "--out", "kept"], {}, input).ended;
  expect(ended.err).toBe("");
  const [result] = document(ended).results;
  expect(result.file_ref).toContain(join(folder, "kept"));
  expect(readFileSync(result.file_ref, "utf8")).toContain(campaign.messageId);
});

test.skipIf(process.platform === "win32")("input is read as JSON through a process substitution of the shell", async () => {
  const script = '"$0" "$1" get-out-of-office --input <(sleep 0.2; echo "{\\"mailbox\\":\\"hr@example.com\\"}")';
  const ended = await start("bash", ["-c", script, process.execPath, built.program], environment(), folder).ended;
  expect(document(ended)).toMatchObject({ success: true, mailbox: "hr@example.com" });
  expect(ended).toMatchObject({ code: 0, err: "" });
});

test("a deletion is refused without --yes and done with it", async () => {
  const words = ["delete-email", "--mailbox", "sales@example.com", "--internet-message-id", campaign.variant.messageId, "--quiet"];
  expect((await run([...words, "--dry-run"]).ended).code).toBe(0);
  const refused = await run(words).ended;
  if (refused.code !== 0) expect(document(refused)).toMatchObject({ error: { code: "confirmation-required" } });
  const done = await run([...words, "--yes", "--audit-file", "audit.jsonl"]).ended;
  expect(done.code).toBe(0);
  expect(readFileSync(join(folder, "audit.jsonl"), "utf8")).toContain(campaign.variant.messageId);
});

test.each(["ews", "graph"] as const)(
  "a search is the input of a deletion, in a pipe and over %s, in every mailbox that it found",
  async (backend) => {
    const own = await startLab({ graph: { tokens: { [labToken]: labPermissions } } });
    const where = environmentOf(own, backend);
    const search = ["search-emails-extended", "--mailboxes", "all", "--internet-message-id", campaign.variant.messageId, "--quiet"];
    const found = document(await run(search, where).ended);
    const mailboxes = new Set(found.items.map(({ mailbox }: { mailbox: string }) => mailbox));
    expect(mailboxes.size).toBeGreaterThan(1);
    const script =
      '"$0" "$@" --output jsonl | "$0" '.replaceAll('"$0"', `"${process.execPath}" "${built.program}"`) +
      "delete-email --from-search - --quiet";
    const counted = (count: number) =>
      start("bash", ["-c", `${script} --yes --expected-count ${count}`, "-", ...search], where, folder).ended;
    expect(document(await counted(found.items.length + 1))).toMatchObject({ success: false, error: { code: "unexpected-count" } });
    const deleted = document(await counted(found.items.length));
    expect(deleted).toMatchObject({ success: true, counts: { succeeded: found.items.length } });
    expect(new Set(deleted.results.map(({ mailbox }: { mailbox: string }) => mailbox))).toEqual(mailboxes);
    expect(document(await run(search, where).ended).items).toEqual([]);
    await own.close();
  },
);

test("Ctrl-C in the middle of a search ends it with one document and exit code 130", async () => {
  lab.addFault({ kind: "delay", operation: "FindItem", times: 1000, delayMs: 20_000 });
  const running = run(["search-emails-extended", "--mailboxes", "all", "--verbose"]);
  await running.said(" FindItem");
  running.kill("SIGINT");
  const ended = await running.ended;
  expect(document(ended)).toMatchObject({ success: false, error: { code: "cancelled" } });
  expect(ended.code).toBe(130);
});

test("a reader that disconnects is not a crash: the work is done, as the exit code reports", async () => {
  const running = run(["search-emails-extended", "--mailboxes", "all", "--limit", "1000", "--quiet"]);
  running.hangUp();
  expect(await running.ended).toMatchObject({ code: 0, err: "" });
});

test("a message cannot put a control character into the document", async () => {
  const mailbox = lab.store.mailbox("user11@example.com");
  mailbox?.add(mailbox.known("inbox"), { subject: "\u009b2J\u202ecod.exe\u007f", from: { address: "x@example.net" } });
  const { out } = await run(["search-emails-extended", "--mailbox", "user11@example.com"]).ended;
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(out).toContain("\\u009b2J\\u202ecod.exe\\u007f");
});

// Set the title, clear the screen, write on another line, answer back, turn the text round: what terminals obey.
test.skipIf(!hasScript)(
  `a subject cannot control the terminal on which it is printed${hasScript ? "" : " (skipped: script is not here)"}`,
  async () => {
    const mailbox = lab.store.mailbox("user12@example.com");
    const attack = "\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u009b5n\r\n\b\bover\u202egpj.exe";
    mailbox?.add(mailbox.known("inbox"), { subject: attack, from: { name: attack, address: "x@example.net" } });
    // The lab, as Exchange, cannot send what XML cannot carry but as references that XML forbids.
    lab.addFault({ kind: "illegal-characters", times: 1000 });
    const command = [process.execPath, built.program, "search-emails-extended", "--mailbox", "user12@example.com"].join(" ");
    const { out, code } = await start("script", ["-qec", command, "/dev/null"], environment(), folder).ended;
    expect(code).toBe(0);
    expect(out).toContain("owned");
    // Of our own is only what draws the line of progress: carriage return and erase to the end of the line.
    expect(out.replaceAll("\r\u001b[K", "").replaceAll("\r", "")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  },
);

test("the audit log of a deletion can be verified, and a changed one is detected", async () => {
  const mailbox = lab.store.mailbox("user02@example.com");
  const item = mailbox?.add(mailbox.known("inbox"), { subject: "Checked" });
  const words = ["delete-email", "--mailbox", "user02@example.com", "--item-id", item?.id ?? "", "--yes", "--audit-file", "checked.jsonl"];
  expect((await run(words).ended).code).toBe(0);
  expect(document(await run(["audit", "verify", "checked.jsonl"]).ended)).toMatchObject({ success: true, entries: 2 });
  const file = join(folder, "checked.jsonl");
  writeFileSync(file, readFileSync(file, "utf8").replace("Checked", "Changed"));
  const ended = await run(["audit", "verify", "checked.jsonl"]).ended;
  expect(document(ended)).toMatchObject({ success: false, error: { code: "audit-failed" } });
  expect(ended.code).toBe(failures["audit-failed"].exit);
});

describe("mailcordon lab", () => {
  test("prints how to reach it, can be reached that way, and ends on Ctrl-C", async () => {
    const running = start(process.execPath, [built.program, "lab"], {}, folder);
    await running.said("\n");
    running.kill("SIGINT");
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 0, err: "" });
    const { banner, environment, mailcordon_yaml } = document(ended);
    expect(banner).toContain("not Exchange");
    expect(environment.MAILCORDON_EWS_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/EWS\/Exchange\.asmx$/);
    expect(mailcordon_yaml).toContain(environment.MAILCORDON_EWS_URL);
    expect(mailcordon_yaml).not.toContain(environment.MAILCORDON_PASSWORD);
  });

  test("answers a call with the printed values, fails on purpose on request, and imports messages", async () => {
    const mail = mkdtempSync(join(folder, "mail-"));
    writeFileSync(
      join(mail, "one.eml"),
      "From: a@example.net\r\nTo: user01@example.com\r\nSubject: Imported here\r\nMessage-ID: <imported@example.net>\r\n\r\nHello\r\n",
    );
    const running = start(
      process.execPath,
      [built.program, "lab", "--import", mail, "--fault", "503:FindItem:1:1,backOffMs=50"],
      {},
      folder,
    );
    await running.said("\n");
    try {
      const { environment, mailcordon_yaml } = JSON.parse(running.out());
      writeFileSync(join(folder, "lab.yaml"), mailcordon_yaml);
      const words = [
        built.program,
        "search-emails-extended",
        "--config",
        "lab.yaml",
        "--mailboxes",
        "all",
        "--internet-message-id",
        "imported@example.net",
        "--verbose",
      ];
      const ended = await start(process.execPath, words, { MAILCORDON_PASSWORD: environment.MAILCORDON_PASSWORD }, folder).ended;
      expect(document(ended).items.length).toBeGreaterThan(0);
      expect(ended.err).toMatch(/^< #\d+ HTTP 503 /m);
    } finally {
      running.kill("SIGTERM");
      await running.ended;
    }
  });

  test("has a proxy that accepts the configured user", async () => {
    const running = start(process.execPath, [built.program, "lab", "--proxy-user", "clerk:open:sesame"], {}, folder);
    await running.said("\n");
    try {
      const { environment, mailcordon_yaml, proxy_url } = JSON.parse(running.out());
      writeFileSync(join(folder, "proxied.yaml"), mailcordon_yaml);
      const words = [built.program, "get-out-of-office", "--config", "proxied.yaml", "--verbose"];
      const { MAILCORDON_PASSWORD, MAILCORDON_PROXY_PASSWORD } = environment;
      const ended = await start(process.execPath, words, { MAILCORDON_PASSWORD, MAILCORDON_PROXY_PASSWORD }, folder).ended;
      expect(document(ended)).toMatchObject({ success: true });
      expect(mailcordon_yaml).toContain(`url: "${proxy_url}"`);
      const stranger = await start(process.execPath, words, { MAILCORDON_PASSWORD, MAILCORDON_PROXY_PASSWORD: "wrong" }, folder).ended;
      expect(document(stranger)).toMatchObject({ success: false, message: expect.stringContaining("proxy") });
    } finally {
      running.kill("SIGTERM");
      await running.ended;
    }
  });

  test.each([
    ["answer:https://mail.example.com/EWS/Exchange.asmx", "ok", "https://mail.example.com/EWS/Exchange.asmx"],
    ["answer:https://mail.example.net/EWS/Exchange.asmx", "failed", "mail.example.net"],
    ["refuse:404", "failed", "https://autodiscover.example.com/"],
  ])("has an Autodiscover set to %s that is detected through the proxy", async (kind, status, words) => {
    writeFileSync(join(folder, "names.pem"), namesCertificate.cert);
    writeFileSync(join(folder, "names.key"), namesCertificate.key);
    const tls = ["--tls-cert", "names.pem", "--tls-key", "names.key"];
    const running = start(process.execPath, [built.program, "lab", "--proxy", "--autodiscover", kind, ...tls], {}, folder);
    await running.said("\n");
    try {
      const { environment, mailcordon_yaml } = JSON.parse(running.out());
      writeFileSync(join(folder, "found.yaml"), mailcordon_yaml);
      const { MAILCORDON_PASSWORD } = environment;
      const doctor = [built.program, "doctor", "--config", "found.yaml"];
      const ended = await start(process.execPath, doctor, { MAILCORDON_PASSWORD }, folder).ended;
      const step = document(ended).steps.find(({ name }: { readonly name: string }) => name === "autodiscover");
      expect(step).toMatchObject({ status, found: expect.stringContaining(words) });
    } finally {
      running.kill("SIGTERM");
      await running.ended;
    }
  });

  test("refuses a misspelt operation of a fault with the nearest one", async () => {
    const { out } = await start(process.execPath, [built.program, "lab", "--fault", "503:SendItems:1:1"], {}, folder).ended;
    expect(JSON.parse(out).message).toContain("there is no operation SendItems. Did you mean SendItem?");
  });

  test.each([
    [["--port", "99999"]],
    [["--frob"]],
    [["--fault", "nonsense"]],
    [["--fault", "503:FindItems"]],
    [["--autodiscover", "fib"]],
    [["--autodiscover", "refuse:20"]],
    [["--proxy-user", "clerk"]],
    [["--import", "/nowhere"]],
  ])("refuses %j with one document", async (words) => {
    const ended = await start(process.execPath, [built.program, "lab", ...words], {}, folder).ended;
    expect(document(ended)).toMatchObject({ success: false, error: { code: "invalid-input" } });
    expect(ended.code).toBe(2);
  });
});
