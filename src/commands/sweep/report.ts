import { targetsText } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { TargetDocument } from "../../sweeps/report/report-cells.ts";
import { reportCsv } from "../../sweeps/report/report-csv.ts";
import { reportHtml } from "../../sweeps/report/report-html.ts";
import { sweepResult } from "./status.ts";
import type { SubcommandContext, SubcommandResult } from "./subcommand-context.ts";

export async function report(id: string, desk: SubcommandContext): Promise<SubcommandResult> {
  const { service, caller, line } = desk;
  const { format = "json" } = line.fields;
  if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "--format: put json, csv or html.");
  const { answer, source } = await service.report(id, caller);
  const result = await sweepResult(answer, desk);
  if (format === "csv") return { ...result, raw: reportCsv(source) };
  if (format === "html") return { ...result, raw: reportHtml(source) };
  const targets: TargetDocument[] = [];
  for await (const target of source.targets()) targets.push(target);
  return { ...result, document: { ...answer, targets }, shown: (columns) => `${result.shown(columns)}${targetsText(targets, columns)}` };
}
