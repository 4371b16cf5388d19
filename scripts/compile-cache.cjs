// Makes calls over each back end and with each kind of sign-in that starts often, against the lab and with settings from a file, and keeps the code that V8 compiled for it, for `src/main.ts`.
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const { Script } = require("node:vm");

const dist = resolve(process.argv[2] ?? "dist");
const scripts = new Map();

function load(path) {
  const script = new Script(wrap(readFileSync(path, "utf8")), { filename: path });
  scripts.set(path, script);
  const made = { exports: {} };
  const require = createRequire(path);
  const ours = (name) => (name.startsWith("./") ? load(join(dist, name)) : require(name));
  script.runInThisContext()(made.exports, Object.assign(ours, require), made, path, dist);
  return made.exports;
}

const { startLab, socAddress, labPassword, practiceApplication, practiceTenant } = require(join(dist, "lab.cjs"));
const folder = mkdtempSync(join(tmpdir(), "mailcordon-build-"));
const settings = join(folder, "mailcordon.yaml");

/** The program ends the process when it is done: here only its call. */
function call(program, words) {
  const { exit } = process;
  return new Promise((ended) => {
    process.exit = ended;
    program.main(words, join(__dirname, "../package.json"));
  }).finally(() => {
    process.exit = exit;
  });
}

const token = "lab-token";
startLab({ tenant: practiceTenant(), graph: { tokens: { [token]: ["MailboxSettings.ReadWrite"] } } }).then(async (lab) => {
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
  const program = load(join(dist, "program.cjs"));
  let code = 0;
  for (const name of [...Object.keys(connections), "oauth"]) {
    code ||= await call(program, ["get-out-of-office", "--config", settings, "--connection", name]);
  }
  // Once an hour is not often.
  scripts.delete(join(dist, "msal.cjs"));
  if (code === 0) {
    for (const [path, script] of scripts) writeFileSync(`${path}.${process.version}-${process.arch}.cache`, script.createCachedData());
  }
  rmSync(folder, { recursive: true });
  process.exit(code);
});
