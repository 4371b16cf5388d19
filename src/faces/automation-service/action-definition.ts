// src/faces/automation-service/: Writes the integration for Sumo Logic's Automation Service: its YAML files and the Python in them.

import { type Action, effects } from "../../catalogue/action-definition.ts";
import type { ActionDefinition, Field } from "./definition.ts";
import { formOf } from "./form.ts";
import { reservedIds } from "./integration.ts";
import { carriesEvidence, outputOf, pathsOf, tableOf } from "./output.ts";
import { actionScript, hasPage, pageMember } from "./script.ts";

/** Incident for the fetched content; the platform provides the current one. */
const incidentField: Field = {
  id: "incident_id",
  label: "Incident ID",
  type: "text",
  required: false,
  validator: "integer",
  hint: "Where what is fetched is put, when the resource has Cloud SOAR API URL, Access ID and Access Key. Default: the current incident.",
};

/** Paths that the script adds to an answer after it put evidence into an incident. */
const incidentPaths = [
  "incident.id",
  "incident.attached",
  "incident.failed",
  "results.[].incident_attachment.id",
  "results.[].incident_attachment.error",
];

/**
 * One action of the catalogue as the platform has it: its kind from its effect, its form from its input, its outputs from its answers.
 * @throws RangeError for a field that cannot be one there
 */
export function actionDefinition(action: Action, integration: string): ActionDefinition {
  const form = formOf(action);
  const attaches = carriesEvidence(action);
  const fields = [...form.map(({ field }) => field), ...(attaches ? [incidentField] : [])];
  for (const { id } of form.map(({ field }) => field)) {
    const free = /^[a-z][a-z0-9_]*$/.test(id) && !reservedIds.has(id) && id !== incidentField.id;
    if (!free) throw new RangeError(`${action.name}: no field can be called ${id} there, since that is taken.`);
  }
  const output = outputOf(action);
  const paths = [...pathsOf(output), ...(attaches ? incidentPaths : []), ...(hasPage(action) ? [pageMember] : [])];
  const twice = paths.filter((path, at) => paths.indexOf(path) !== at);
  if (twice.length > 0) throw new RangeError(`${action.name}: two outputs are called ${twice.join(", ")}.`);
  return {
    integration,
    name: action.title,
    type: effects[action.effect].kind,
    script: { code: actionScript(action, form) },
    fields,
    output: paths.map((path) => ({ path, type: "text" })),
    table_view: [...tableOf(output)],
    ...(hasPage(action) ? { src_doc: pageMember } : {}),
  };
}
