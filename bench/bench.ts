// Measures speed and memory as ratios in one run and fails where a bar is missed: `npm run bench`; `-- --write` for docs/bench.md,
// `-- --rounds N` for more or fewer runs of each, `-- --only xml` (or ews, graph, serve) for a part.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureClient } from "./client.ts";
import { measureGraph } from "./graph.ts";
import type { Measure } from "./measure.ts";
import { measureServe } from "./serve.ts";
import { measureXml } from "./xml.ts";

const { values } = parseArgs({
  options: { write: { type: "boolean", default: false }, rounds: { type: "string", default: "5" }, only: { type: "string" } },
});
const rounds = Number(values.rounds);
const parts = {
  xml: () => measureXml(),
  ews: () => measureClient(rounds),
  graph: () => measureGraph(rounds),
  serve: () => measureServe(rounds),
};
const measures: Measure[] = [];
for (const [name, measure] of Object.entries(parts))
  if (values.only === undefined || values.only === name) measures.push(...(await measure()));
for (const measure of measures) {
  process.stdout.write(
    `${measure.ok ? "ok    " : "MISSED"} ${measure.name}: ${shown(measure)} (bar ${measure.bar ?? "none"}; ${measure.detail})\n`,
  );
}
const document = "docs/bench.md";
if (values.write) writeFileSync(document, page(measures, readFileSync(document, "utf8")));
process.exitCode = measures.every((measure) => measure.ok) ? 0 : 1;

function shown(measure: Measure): string {
  return `${measure.value.toFixed(2)} ${measure.unit}`;
}

/** The page anew; what stands below its table was written by hand, and stays. */
function page(all: readonly Measure[], before: string): string {
  const byHand = before.slice(before.lastIndexOf("\n| ") + 1).replace(/^.*\n/, "");
  const rows = all.map((each) => `| ${each.name} | ${shown(each)} | ${each.bar ?? ""} | ${each.ok ? "yes" : "**no**"} | ${each.detail} |`);
  return `# Speed and memory

Written by \`npm run bench -- --write\` (Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "an unknown kind"}). The machine is shared and noisy:
medians of interleaved runs, and ratios within one run, are what counts; seconds of another machine say nothing.
Other people's clients are set up as their documentation says (\`bench/peer-*\`), against the same lab.

| what | measured | bar | held | detail |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
${byHand}`;
}
