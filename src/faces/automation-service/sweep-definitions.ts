import type * as z from "zod";
import { PlanRequest } from "../../sweeps/plan-request.ts";
import { SweepAnswerNoun, SweepReportNoun } from "../../sweeps/service/answer-schemas.ts";
import type { ActionDefinition, Field } from "./definition.ts";
import { formOf, pythonText } from "./form.ts";
import { reservedIds } from "./integration.ts";
import { labelOf } from "./label.ts";
import { pathsIn } from "./output.ts";
import { prelude } from "./prelude.ts";

/** One action of sweeps, and the name of its file. */
export interface SweepDefinition {
  readonly file: string;
  readonly definition: ActionDefinition;
}

const sweepField: Field = {
  id: "sweep",
  label: "Sweep",
  type: "text",
  required: true,
  hint: "Name of the sweep: sweep of an earlier node.",
  incident_artifacts: true,
};
const planField: Field = {
  id: "plan",
  label: "Plan Hash",
  type: "text",
  required: true,
  validator: "sha256",
  hint: "Hash of the plan: plan_hash of an earlier node.",
};

/** The name of a sweep in a path. */
const place = `

def place(step):
    name = (env('sweep') or '').strip()
    if not re.match('^[0-9]{8}-[0-9a-f]{8}$', name):
        raise Failed('Sweep must be the name of a sweep, such as 20261130-4f7a1c02.')
    return '/v1/sweeps/' + name + step
`;

/** Shows an answer without a list of results. */
const show = `

def show(answer):
    for name in ('status_url', 'targets_url', 'events_url'):
        if str(answer.get(name, '')).startswith('/'):
            answer[name] = address(env('api_url'), 'API URL') + answer[name]
    sys.stdout.write(json.dumps(answer) + '\\n')
    sys.stdout.flush()
`;

/** Plans; where that takes longer, waits for the job as long as the connection may take. */
const planned = `

def planned(body):
    until = time.time() + seconds()
    answer = call('/v1/sweeps', body, once=ONCE)
    job = answer.get('job_id')
    if job is None:
        return answer
    if not re.match('^[0-9a-f-]{36}$', str(job)):
        raise Failed('The reply is not the JSON of mailcordon: is API URL right?')
    while time.time() < until:
        time.sleep(2)
        state = call('/v1/jobs/' + job, None, method='GET', named=False)
        if isinstance(state.get('plan'), dict):
            return state['plan']
        if state.get('status') in ('finished', 'cancelled', 'lost'):
            problem = state.get('problem')
            raise Failed(str(problem.get('detail') if isinstance(problem, dict) else state.get('status')))
    raise Failed('The sweep is not planned within Connection Timeout (s). The job {} goes on.'.format(job))
`;

const sweepColumns = ["sweep", "state", "plan_hash", "message"];
const reportColumns = ["mailbox", "state", "undo", "subject", "from", "received_at", "folder_path"].map((name) => `targets.[].${name}`);

/**
 * The actions of sweeps: plan, approve, start, status, report and undo. Their kinds follow from their roles, and the fields of the plan from its schema.
 * @throws RangeError for a field that cannot be one there
 */
export function sweepDefinitions(integration: string): readonly SweepDefinition[] {
  const form = formOf({ name: "plan of a sweep", input: PlanRequest });
  for (const { field } of form)
    if (reservedIds.has(field.id)) throw new RangeError(`plan of a sweep: no field can be called ${field.id} there, since that is taken.`);
  const one = (
    file: string,
    name: string,
    type: ActionDefinition["type"],
    fields: readonly Field[],
    lines: readonly string[],
    noun: z.ZodObject = SweepAnswerNoun,
    columns: readonly string[] = sweepColumns,
  ): SweepDefinition => ({
    file,
    definition: {
      ...{ integration, name, type },
      script: { code: [prelude, show, ...lines, "\n\nmain(run)\n"].join("") },
      fields: [...fields],
      output: pathsIn(noun).map((path) => ({ path, type: "text" as const })),
      table_view: columns.map((value) => ({ display_name: labelOf(value.split(".").at(-1) ?? value), value })),
    },
  });
  const run = (line: string) => [place, "\n\ndef run():\n", `    ${line}\n`];
  const step = (name: string, body: string) => run(`show(call(place('/${name}'), ${body}, once=ONCE, named=False))`);
  const read = (path: string) => run(`show(call(place(${pythonText(path)}), None, method='GET', named=False))`);
  const body = form.map(({ field, python }) => `        ${pythonText(field.id)}: ${python},\n`).join("");
  return [
    one(
      "plan-sweep",
      "Plan Sweep",
      "Enrichment",
      form.map(({ field }) => field),
      [planned, "\n\ndef run():\n    show(planned(given({\n", body, "    })))\n"],
    ),
    one("approve-sweep", "Approve Sweep", "Containment", [sweepField, planField], step("approve", "{'plan': choice(env('plan'))}")),
    one(
      "start-sweep",
      "Start Sweep",
      "Containment",
      [sweepField, { ...planField, required: false, hint: `${planField.hint} Required if the sweep is not approved yet.` }],
      step("run", "given({'plan': choice(env('plan'))})"),
    ),
    one("sweep-status", "Sweep Status", "Enrichment", [sweepField], read("")),
    one("sweep-report", "Sweep Report", "Enrichment", [sweepField], read("/report"), SweepReportNoun, reportColumns),
    one("undo-sweep", "Undo Sweep", "Containment", [sweepField], step("undo", "{}")),
  ];
}
