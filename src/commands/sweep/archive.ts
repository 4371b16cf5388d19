import { counted } from "../../text/noun-count.ts";
import { incompleteExit, type SubcommandContext, type SubcommandResult } from "./subcommand-context.ts";

/** Writes the evidence archive of a sweep. */
export async function archive(id: string, { archiveTo, line }: SubcommandContext): Promise<SubcommandResult> {
  const { output } = line.fields;
  const answer = await archiveTo(id, typeof output === "string" && output !== "" ? output : `sweep-${id}.zip`);
  const { message, evidence, audit_entries } = answer;
  const { file, size } = answer.archive;
  return {
    document: answer,
    shown: () =>
      `${message}\n${file}: ${counted(size, "byte")}, ${counted(evidence.kept, "piece")} of evidence, ${counted(audit_entries, "audit entry")}.`,
    exit: answer.success ? 0 : incompleteExit,
  };
}
