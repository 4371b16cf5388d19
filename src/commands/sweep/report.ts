import { targetsText } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { TargetDocument } from "../../sweeps/report/cells.ts";
import { reportCsv } from "../../sweeps/report/report-csv.ts";
import { reportHtml } from "../../sweeps/report/report-html.ts";
import type { Desk, Told } from "./desk.ts";
import { toldOf } from "./status.ts";

export async function report(id: string, desk: Desk): Promise<Told> {
  const { service, caller, line } = desk;
  const { format = "json" } = line.fields;
  if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "--format: put json, csv or html.");
  const { answer, source } = await service.report(id, caller);
  const told = await toldOf(answer, desk);
  if (format === "csv") return { ...told, raw: reportCsv(source) };
  if (format === "html") return { ...told, raw: reportHtml(source) };
  const targets: TargetDocument[] = [];
  for await (const target of source.targets()) targets.push(target);
  return { ...told, document: { ...answer, targets }, shown: (columns) => `${told.shown(columns)}${targetsText(targets, columns)}` };
}
