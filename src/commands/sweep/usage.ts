import { actionNames, loadAction } from "../../actions/load.ts";
import { fieldsAsFlags } from "../../faces/cli/fields-as-flags.ts";
import { definitionList, flagList } from "../../faces/cli/help.ts";
import { flagOf } from "../../faces/field-spellings.ts";
import { parametersOf } from "../../faces/parameters.ts";
import { flagNames, PlanRequest } from "../../sweeps/plan-request.ts";
import { actionFieldsFor, isSweepable } from "../../sweeps/sweep-spec.ts";

const usage = `mailcordon sweep: one order for the mailboxes of an organisation.

  sweep plan --internet-message-id ID --mailboxes all --then ACTION [FLAGS]
                      Looks for the messages and keeps a plan; changes nothing.
                      FLAGS are those of sweep plan and of the action, below.
  sweep approve SWEEP --plan HASH
                      Approves this plan.
  sweep run SWEEP     Carries out an approved plan, or shows the plan and asks.
                      Outside a terminal: --plan HASH --yes.
  sweep status SWEEP  Shows what is done and what is left.
  sweep list          Shows the newest sweeps.
  sweep pause SWEEP   Begins no further message; resume goes on.
  sweep resume SWEEP
  sweep cancel SWEEP  Ends the sweep; what is done can be undone.
  sweep undo SWEEP    Moves messages back to the folders they were in, or creates
                      them again from evidence.
                      Outside a terminal: --yes.
  sweep report SWEEP  Shows every message with what became of it.
                      --format json, csv or html (one page without scripts).
                      Default: json.
  sweep archive SWEEP Writes one zip file with the evidence, the plan, the
                      outcomes, the audit entries, the report, and a program
                      that checks all of it. --output FILE, by default
                      sweep-SWEEP.zip.

Flags of sweep plan:
PLAN_FLAGS

ACTION_FLAGS

Other flags:
  --plan HASH         Hash of the plan, as plan and status show it.
  --yes               Confirms run or undo without a question.
  --detach            Only starts it: mailcordon worker does the work.
  --config FILE       Settings file. Default: mailcordon.yaml here, then in
                      ~/.config/mailcordon/.
  --connection NAME   Connection of the settings, for plan.
  --out DIR           Folder for evidence. Default: evidence_dir of the settings.
  --audit-file FILE   File for the audit entries. Default: audit_file of the
                      settings.
  --json              One JSON document, also on a terminal.
  --quiet             Nothing on standard error.
  --help              Show this.
`;

const values = { number: " N", text: " TEXT", list: " LIST", object: " JSON", boolean: "" } as const;

/** A flag that only the command line has: over HTTP the caller sends the addresses. */
const mailboxesFile: [string, string] = [
  "--mailboxes-file FILE",
  "File of mailboxes, added to mailboxes: one address per line, or a CSV whose header names the column (Mailbox, PrimarySmtpAddress, EmailAddress).",
];

const spelled = (text: string) => fieldsAsFlags(text, Object.keys(flagNames), flagNames);

/** Returns help for the flags of the actions that a sweep can run: first the flags of all actions, then those of each. */
async function flagsOfActions(): Promise<readonly string[]> {
  const actions = (await Promise.all(actionNames.map(loadAction))).filter(isSweepable);
  const all = actions.map((action) => {
    const fields = actionFieldsFor(action);
    return { name: action.name, fields, parameters: parametersOf(action) };
  });
  const isShared = (field: string) => all.every(({ fields }) => fields.includes(field));
  const listed = (which: (field: string) => boolean, { fields, parameters }: (typeof all)[number]) =>
    flagList(
      parameters.filter(({ field }) => fields.includes(field) && which(field)),
      parameters,
      80,
    );
  return [
    ...all.slice(0, 1).map((first) => `Flags of sweep plan with every action:\n${listed(isShared, first)}`),
    ...all.map((one) => `Flags of sweep plan --then ${one.name}:\n${listed((field) => !isShared(field), one)}`),
  ];
}

/** Returns the help of `mailcordon sweep`. The flags of `plan` are those of the request. */
export async function sweepUsage(): Promise<string> {
  const actionFlags = await flagsOfActions();
  const flags = parametersOf({ input: PlanRequest }).flatMap(({ field, kind, description, required }): [string, string][] => {
    const flag = flagNames[field];
    if (flag === "group") return [mailboxesFile, [`${flagOf(flag)}${values[kind]}`, spelled(description)]];
    const value = flag === "tracking_log" ? " FILE" : values[kind];
    return flag === undefined ? [] : [[`${flagOf(flag)}${value}`, `${spelled(description)}${required ? " Required." : ""}`]];
  });
  return usage.replace("PLAN_FLAGS", () => definitionList(flags, 80)).replace("ACTION_FLAGS", () => actionFlags.join("\n\n"));
}

export const workerUsage = `mailcordon worker: helps with every sweep that runs, until it is stopped.

  --config FILE       Settings file. Default: mailcordon.yaml here, then in
                      ~/.config/mailcordon/.
  --quiet             Nothing on standard error.
  --help              Show this.

Every machine needs the same DATABASE_URL, and the connections of the sweeps
in its settings. What was begun has 20 seconds to end when it is told to stop.
`;
