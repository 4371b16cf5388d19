// Measures speed and memory as ratios in one run and fails where a bar is missed: `npm run bench`, `npm run bench -- --write` for docs/bench.md.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureClient } from "./client.ts";
import { measureGraph } from "./graph.ts";
import type { Measure } from "./measure.ts";
import { measureXml } from "./xml.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const measures = [...(await measureXml()), ...(await measureClient(rounds)), ...(await measureGraph(rounds))];
for (const measure of measures) {
  process.stdout.write(
    `${measure.ok ? "ok    " : "MISSED"} ${measure.name}: ${shown(measure)} (bar ${measure.bar ?? "none"}; ${measure.detail})\n`,
  );
}
if (values.write) writeFileSync("docs/bench.md", page(measures));
process.exitCode = measures.every((measure) => measure.ok) ? 0 : 1;

function shown(measure: Measure): string {
  return `${measure.value.toFixed(2)} ${measure.unit}`;
}

function page(all: readonly Measure[]): string {
  const rows = all.map((each) => `| ${each.name} | ${shown(each)} | ${each.bar ?? ""} | ${each.ok ? "yes" : "**no**"} | ${each.detail} |`);
  return `# Speed and memory

Written by \`npm run bench -- --write\` (Node ${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "an unknown kind"}). The machine is shared and noisy:
medians of interleaved runs, and ratios within one run, are what counts; seconds of another machine say nothing.
Other people's clients are set up as their documentation says (\`bench/peer-*\`), against the same lab.

| what | measured | bar | held | detail |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
