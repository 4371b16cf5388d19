// Makes calls over each back end and with each kind of sign-in that starts often, against the lab and with settings from a file, and keeps the code that V8 compiled for it, for `src/main.ts`.
const { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const { Script } = require("node:vm");

const dist = resolve(process.argv[2] ?? "dist");
const scripts = new Map();

const loaded = new Map();

function load(path) {
  if (loaded.has(path)) return loaded.get(path).exports;
  const script = new Script(wrap(readFileSync(path, "utf8")), { filename: path });
  scripts.set(path, script);
  const made = { exports: {} };
  loaded.set(path, made);
  const require = createRequire(path);
  const ours = (name) => (name.startsWith("./") ? load(join(dist, name)) : require(name));
  script.runInThisContext()(made.exports, Object.assign(ours, require), made, path, dist);
  return made.exports;
}

const { startLab, socAddress, labPassword, practiceApplication, practiceTenant } = require(join(dist, "lab.cjs"));
const folder = mkdtempSync(join(tmpdir(), "mailcordon-build-"));
const settings = join(folder, "mailcordon.yaml");

/** Runs one call. The program would end the process after it. */
function call(program, words) {
  const { exit } = process;
  return new Promise((ended) => {
    process.exit = ended;
    program.main(words, join(__dirname, "../package.json"));
  }).finally(() => {
    process.exit = exit;
  });
}

/** One of the lab's messages with an attachment. */
const message = { mailbox: "reception@example.com", messageId: "<20f7c1.4711@mailer.example.net>" };
const token = "lab-token";
startLab({
  tenant: practiceTenant(),
  graph: { tokens: { [token]: ["MailboxSettings.ReadWrite", "Mail.ReadWrite", "User.Read.All"] } },
}).then(async (lab) => {
  const basic = `{ basic: { username: "${socAddress}", password: "env:LAB_PASSWORD" } }`;
  const { tenant, clientId, secret } = practiceApplication;
  const oauth = `tenant: "${tenant}", client_id: "${clientId}", client_secret: "env:LAB_SECRET", authority: "${lab.url}"`;
  const connections = {
    ews: `{ ews: { url: "${lab.ewsUrl}" }, auth: ${basic}, mailbox: "${socAddress}" }`,
    graph: `{ backend: graph, graph: { url: "${lab.graphUrl}" }, auth: { bearer: { token: "env:LAB_TOKEN" } }, mailbox: "${socAddress}" }`,
    oauth: `{ ews: { url: "${lab.ewsUrl}" }, auth: { oauth: { ${oauth} } }, mailbox: "${socAddress}" }`,
  };
  const lines = Object.entries(connections).map(([name, settings]) => `  ${name}: ${settings}\n`);
  writeFileSync(settings, `connections:\n${lines.join("")}`);
  process.env.LAB_PASSWORD = labPassword;
  process.env.LAB_TOKEN = token;
  process.env.LAB_SECRET = secret;
  // The first call fetches a token, the second one finds it.
  process.env.XDG_CACHE_HOME = join(folder, "cache");
  // The audit log of these calls is not the caller's.
  process.env.XDG_STATE_HOME = join(folder, "state");
  const program = load(join(dist, "program.cjs"));
  let code = 0;
  const { mailbox, messageId } = message;
  const calls = [
    ...[...Object.keys(connections), "oauth"].map((name) => [name, "get-out-of-office"]),
    ...["ews", "graph"].flatMap((name) => [
      [name, "search-emails-extended", "--mailboxes", mailbox, "--folder", "inbox"],
      [name, "download-mail-as-eml", "--mailbox", mailbox, "--internet-message-id", messageId],
      [name, "get-attachments", "--mailbox", mailbox, "--internet-message-id", messageId],
    ]),
  ];
  for (const [name, ...words] of calls) {
    const ended = await call(program, [...words, "--config", settings, "--connection", name, "--out", folder]);
    if (ended !== 0) console.error(`${words.join(" ")} over ${name} ended with ${ended}`);
    code ||= ended;
  }
  // A call once an hour is not worth it.
  scripts.delete(join(dist, "msal.cjs"));
  // Little of the other files is compiled; most is saved because their functions were already parsed.
  for (const file of readdirSync(dist)) if (/^program-.*\.cjs$/.test(file)) load(join(dist, file));
  if (code === 0) {
    for (const [path, script] of scripts) writeFileSync(`${path}.${process.version}-${process.arch}.cache`, script.createCachedData());
  }
  rmSync(folder, { recursive: true });
  process.exit(code);
});
