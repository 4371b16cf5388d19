import { type Action, effects } from "../../catalogue/action-definition.ts";
import { putIntoIncident, readEvidence, takeFiles } from "./evidence-script.ts";
import { type FormField, pythonText } from "./form.ts";
import { labelOf } from "./label.ts";
import { carriesEvidence, columnsOf, listsOf, outputOf, textsOf, valuesOf } from "./output.ts";
import { makePage } from "./page-script.ts";
import { prelude } from "./prelude.ts";

/** Member of an answer that contains its page. */
export const pageMember = "html";

/** Returns whether an action's answers have a page: whole answers have one; results per item are shown as a table. */
export function hasPage(action: Action): boolean {
  return action.output !== undefined;
}

/** Returns the script of one action: the prelude, the parts that this action needs, and one function with the request. */
export function actionScript(action: Action, form: readonly FormField[]): string {
  const attaches = carriesEvidence(action);
  const uploads = form.some(({ holdsFiles }) => holdsFiles);
  const once = effects[action.effect].readOnly ? "" : ", once=ONCE";
  return [
    prelude,
    ...(attaches || uploads ? [readEvidence] : []),
    ...(attaches ? [putIntoIncident] : []),
    ...(uploads ? [takeFiles] : []),
    ...(hasPage(action) ? [makePage] : []),
    "\n",
    "def run():\n",
    ...guardLines(form),
    ...(uploads ? ["    files = []\n"] : []),
    "    body = given({\n",
    ...form.map(({ field, python }) => `        ${pythonText(field.id)}: ${python},\n`),
    "    })\n",
    `    answer = call(${pythonText(`/v1/actions/${action.name}`)}, body${uploads ? ", files" : ""}${once})\n`,
    ...(attaches ? ["    attach(answer)\n"] : []),
    ...(hasPage(action) ? [pageCall(action)] : []),
    "    finish(answer)\n",
    "\n\nmain(run)\n",
  ].join("");
}

/** Returns the lines that refuse a guard that is None while other fields of its type are empty. */
function guardLines(form: readonly FormField[]): string[] {
  const optional = form.filter(({ field }) => !field.required && field.default === undefined);
  const guards = optional.flatMap(({ field, guards }) => {
    const others = optional.filter((other) => other.field.type === field.type && other.field.id !== field.id);
    if (!guards || others.length === 0) return [];
    return [`(${pythonText(field.id)}, ${pythonText(field.label)}, ${pythonList(others.map((other) => pythonText(other.field.id)))})`];
  });
  return guards.length === 0 ? [] : ["    refuse_none([\n", ...guards.map((guard) => `        ${guard},\n`), "    ])\n"];
}

/** The test of a connection: the findings of doctor, and the next step if there is a problem. */
export function testScript(): string {
  return `${prelude}

def obstacles(answer):
    # What failed; or, where nothing did, what could not be found out.
    checks = answer.get('checks')
    steps = [step for step in checks if isinstance(step, dict)] if isinstance(checks, list) else []
    for status in ('failed', 'unknown'):
        found = [step for step in steps if step.get('status') == status]
        if found:
            return found
    return []


def run():
    answer = call('/v1/connection/test', given({'mailbox': choice(env('default_mailbox'))}))
    if answer.get('success') is not True:
        said = [str(answer.get('message') or 'The test failed, and the service does not say why.')]
        for step in obstacles(answer):
            said.append('{}: {}.'.format(step.get('name'), str(step.get('found')).rstrip('.')))
            said += [str(each) for each in step['next']] if isinstance(step.get('next'), list) else []
        raise Failed(' '.join(said))
    sys.stdout.write(json.dumps(answer) + '\\n')


main(run)
`;
}

function pageCall(action: Action): string {
  const output = outputOf(action);
  const pairs = (names: readonly string[]) => pythonList(names.map((name) => `(${pythonText(name)}, ${pythonText(labelOf(name))})`));
  const lists = listsOf(output).map((list) => {
    return `(${pythonText(list.name)}, ${pythonText(labelOf(list.name))}, ${pairs(columnsOf(output, list))}, ${pairs(textsOf(list))})`;
  });
  return `    answer[${pythonText(pageMember)}] = page(answer, ${pythonText(action.title)}, ${pairs(valuesOf(output))}, ${pythonList(lists)})\n`;
}

function pythonList(items: readonly string[]): string {
  return `[${items.join(", ")}]`;
}
