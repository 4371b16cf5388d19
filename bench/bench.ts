// Measures speed and memory as ratios in one run and fails if a limit is exceeded: `npm run bench`; `-- --write` for docs/bench.md (of a whole run),
// `-- --rounds N` for more or fewer runs of each, `-- --only xml` (or ews, graph, lists, serve, audit, sweep) for a part, `-- --mailboxes 1000,10000` for larger sweeps.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureAudit } from "./audit.ts";
import { measureClient } from "./client.ts";
import { measureGraph } from "./graph.ts";
import { measureLists } from "./lists.ts";
import type { Measure } from "./measure.ts";
import { measureServe } from "./serve.ts";
import { measureSweep, parseSizes } from "./sweep.ts";
import { measureXml } from "./xml.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    mailboxes: { type: "string", default: "300,3000" },
  },
});
const rounds = Number(values.rounds);
const parts = {
  xml: () => measureXml(),
  ews: () => measureClient(rounds),
  graph: () => measureGraph(rounds),
  lists: () => measureLists(rounds),
  serve: () => measureServe(rounds),
  audit: () => measureAudit(rounds),
  sweep: () => measureSweep(rounds, parseSizes(values.mailboxes)),
};
const measures: Measure[] = [];
for (const [name, part] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue;
  for await (const measure of await part()) {
    const detail = `(bar ${measure.bar ?? "none"}; ${measure.detail})`;
    process.stdout.write(`${measure.ok ? "ok    " : "MISSED"} ${measure.name}: ${shown(measure)} ${detail}\n`);
    measures.push(measure);
  }
}
const document = "docs/bench.md";
// The page shows one run.
if (values.write && values.only === undefined) writeFileSync(document, page(measures, readFileSync(document, "utf8")));
process.exitCode = measures.every((measure) => measure.ok) ? 0 : 1;

function shown(measure: Measure): string {
  return `${measure.value.toFixed(2)} ${measure.unit}`;
}

/** Returns the new page. The text below its table was written by hand and stays. */
function page(all: readonly Measure[], before: string): string {
  const byHand = before.slice(before.lastIndexOf("\n| ") + 1).replace(/^.*\n/, "");
  const rows = all.map((each) => `| ${each.name} | ${shown(each)} | ${each.bar ?? ""} | ${each.ok ? "yes" : "**no**"} | ${each.detail} |`);
  return `# Speed and memory

Written by \`npm run bench -- --write\` (Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "an unknown kind"}). The machine is shared and noisy,
so compare only medians of interleaved runs and ratios within one run. Seconds from another machine say nothing.
Clients by other authors (\`bench/peer-*\`) are set up as their documentation says and run against the same lab.

| what | measured | limit | within the limit | detail |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
${byHand}`;
}
