import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, start } from "../built.ts";

const people = ["user01@example.com", "user02@example.com"];
const id = "<campaign.1@mailer.example.net>";

/** A program of somebody else. `load` gives it the package. */
const program = (load: string, archive: string) => `
${load}
const engine = () => Object.keys(cache).some((file) => file.includes("@dbos-inc"));
const run = async () => {
  const said = { loadedBefore: engine() };
  const sweeps = await openSweeps({ config: process.env.CONFIG });
  const worker = await sweeps.work();
  said.loadedAfter = engine();
  const plan = await sweeps.plan({ internet_message_id: ["${id}"], mailboxes: ${JSON.stringify(people)}, action: "delete-email" });
  said.planned = plan.counts.messages;
  await sweeps.run(plan.sweep, "0".repeat(64)).catch((thrown) => { said.refused = thrown instanceof Failure && thrown.code; });
  await sweeps.approve(plan.sweep, plan.plan_hash);
  await sweeps.run(plan.sweep);
  for await (const { ended, all } of sweeps.follow(plan.sweep)) said.ended = [ended, all];
  said.states = (await sweeps.targets(plan.sweep)).targets.map(({ state }) => state);
  said.csv = 0;
  for await (const piece of sweeps.report(plan.sweep, "csv")) said.csv += piece.split("\\r\\n").length - 1;
  await sweeps.undo(plan.sweep);
  for await (const { answer } of sweeps.follow(plan.sweep)) said.undone = answer.counts.undone;
  const archived = await sweeps.archive(plan.sweep, "${archive}");
  said.archived = [archived.success, archived.sweep === plan.sweep, archived.evidence.missing];
  said.bytes = readFileSync("${archive}").subarray(0, 2).toString();
  said.listed = (await sweeps.list()).sweeps.length;
  await worker.close();
  await sweeps.close();
  console.log(JSON.stringify(said));
};
run().catch((thrown) => { console.error(thrown); process.exit(1); });
`;

describe.each(backends)("sweeps of the installed library over %s", (backend) => {
  let built: Built;
  let host: LabHost;
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-sweep-library-"));
  // For root, who lets another user have the database.
  chmodSync(folder, 0o711);
  beforeAll(async () => {
    built = build();
    host = await openLabHost({}, backend);
    symlinkSync(join(built.project, "node_modules"), join(folder, "node_modules"));
    for (const person of people) host.put(person, { internetMessageId: id, subject: "Your invoice" });
  });
  afterAll(async () => {
    await host.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    [
      "program.mjs",
      'import { readFileSync } from "node:fs";\nimport { createRequire } from "node:module";\nimport { Failure, openSweeps } from "mailcordon";\nconst { cache } = createRequire(import.meta.url);',
    ],
    [
      "program.cjs",
      'const { readFileSync } = require("node:fs");\nconst { Failure, openSweeps } = require("mailcordon");\nconst { cache } = require;',
    ],
  ])("are planned, run, followed, undone and archived by %s, and their engine is loaded late", async (name, load) => {
    const config = join(folder, `${name}.yaml`);
    writeFileSync(config, JSON.stringify({ evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: `state-${name}` } }));
    writeFileSync(join(folder, name), program(load, `${name}.zip`));
    const environment = { ...environmentOf(host.lab, backend), DATABASE_URL: "", CONFIG: config };
    const { code, out, err } = await start(process.execPath, [join(folder, name)], environment, folder).ended;
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toEqual({
      ...{ loadedBefore: false, loadedAfter: true, planned: 2, refused: "changed", ended: [2, 2], states: ["done", "done"] },
      ...{ csv: 3, undone: 2, archived: [true, true, 0], bytes: "PK", listed: 1 },
    });
  });
});
