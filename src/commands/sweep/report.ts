import { targetsText } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import { reportCsv, reportHtml } from "../../sweeps/report.ts";
import { targetDocument, targetsOf } from "../../sweeps/sweeps.ts";
import type { Desk, Told } from "./desk.ts";
import { told } from "./status.ts";

export async function report(id: string, { state, line }: Desk): Promise<Told> {
  const { format = "json" } = line.fields;
  if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "--format: put json, csv or html.");
  const sweep = await state.sweeps.get(id);
  const { document, shown } = await told(sweep, state);
  const targets: ReturnType<typeof targetDocument>[] = [];
  for await (const target of targetsOf(state, id)) targets.push(targetDocument(target));
  const { message, success, ...rest } = document;
  if (format === "csv") return { document, shown, raw: reportCsv(targets) };
  if (format === "html") return { document, shown, raw: reportHtml(message, rest, targets) };
  return { document: { success, message, ...rest, targets }, shown: (columns) => `${shown(columns)}${targetsText(targets, columns)}` };
}
