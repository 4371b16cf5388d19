// Makes one call against the lab and keeps the code that V8 compiled for it, for `src/main.ts`.
const { readFileSync, writeFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { join, resolve } = require("node:path");
const { Script } = require("node:vm");

const dist = resolve(process.argv[2] ?? "dist");
const file = join(dist, "program.cjs");
const script = new Script(wrap(readFileSync(file, "utf8")), { filename: file });
const { startLab, socAddress, labPassword } = require(join(dist, "lab.cjs"));

startLab().then(async (lab) => {
  Object.assign(process.env, {
    MAILCORDON_EWS_URL: lab.ewsUrl,
    MAILCORDON_USERNAME: socAddress,
    MAILCORDON_PASSWORD: labPassword,
    MAILCORDON_MAILBOX: socAddress,
  });
  const program = { exports: {} };
  script.runInThisContext()(program.exports, createRequire(file), program, file, dist);
  // The program ends the process when it is done.
  process.on("exit", (code) => {
    if (code === 0) writeFileSync(join(dist, `program.${process.version}-${process.arch}.cache`), script.createCachedData());
  });
  await program.exports.main(["get-out-of-office"], join(__dirname, "../package.json"));
});
