// Makes one call against the lab, with settings from a file, and keeps the code that V8 compiled for it, for `src/main.ts`.
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

const { startLab, socAddress, labPassword } = require(join(dist, "lab.cjs"));
const folder = mkdtempSync(join(tmpdir(), "mailcordon-build-"));
const settings = join(folder, "mailcordon.yaml");

startLab().then(async (lab) => {
  const auth = `{ basic: { username: "${socAddress}", password: "env:LAB_PASSWORD" } }`;
  writeFileSync(settings, `connections:\n  lab:\n    ews: { url: "${lab.ewsUrl}" }\n    auth: ${auth}\n    mailbox: "${socAddress}"\n`);
  process.env.LAB_PASSWORD = labPassword;
  // The program ends the process when it is done.
  process.on("exit", (code) => {
    rmSync(folder, { recursive: true });
    if (code !== 0) return;
    for (const [path, script] of scripts) writeFileSync(`${path}.${process.version}-${process.arch}.cache`, script.createCachedData());
  });
  await load(join(dist, "program.cjs")).main(["get-out-of-office", "--config", settings], join(__dirname, "../package.json"));
});
