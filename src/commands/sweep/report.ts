import { targetsText } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { ReportSource } from "../../sweeps/report/cells.ts";
import { reportCsv } from "../../sweeps/report/report-csv.ts";
import { reportHtml } from "../../sweeps/report/report-html.ts";
import { targetDocument, targetsOf } from "../../sweeps/sweeps.ts";
import type { Desk, Told } from "./desk.ts";
import { told } from "./status.ts";

export async function report(id: string, { state, line }: Desk): Promise<Told> {
  const { format = "json" } = line.fields;
  if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "--format: put json, csv or html.");
  const { document, shown } = await told(await state.sweeps.get(id), state);
  const { message, success, ...sweep } = document;
  const source: ReportSource = {
    ...{ message, sweep },
    async *targets() {
      for await (const target of targetsOf(state, id)) yield targetDocument(target);
    },
  };
  if (format === "csv") return { document, shown, raw: reportCsv(source) };
  if (format === "html") return { document, shown, raw: reportHtml(source) };
  const targets: ReturnType<typeof targetDocument>[] = [];
  for await (const target of source.targets()) targets.push(target);
  return { document: { success, message, ...sweep, targets }, shown: (columns) => `${shown(columns)}${targetsText(targets, columns)}` };
}
