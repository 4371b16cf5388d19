import * as z from "zod";
import type { Action } from "../../catalogue/action-definition.ts";
import { mostCharacters, unwrapSchema } from "../../catalogue/limits.ts";
import { narrowing, spellings } from "../../catalogue/read-input.ts";
import { commonInputFields } from "../../perform/perform.ts";
import { type Parameter, parametersOf } from "../parameters.ts";
import type { Field } from "./definition.ts";
import { labelOf } from "./label.ts";

/** One field of a form, and the Python code that reads it: None if it is unset, otherwise the value for JSON. */
export interface FormField {
  readonly field: Field;
  readonly python: string;
  readonly holdsFiles: boolean;
  /** Whether the field narrows or guards the action: it must not be lost silently. */
  readonly guards: boolean;
}

/**
 * Returns the fields of an action's form: the mailbox, then the action's own fields, then the common ones. A boolean that is off by default is a
 * checkbox; any other boolean is a list of two values, because the platform cannot tell an unticked checkbox from none.
 */
export function formOf(action: Pick<Action, "name" | "input">): readonly FormField[] {
  const parameters = parametersOf(action);
  const rank = ({ field }: Parameter) => (field === "mailbox" ? 0 : commonInputFields.includes(field) ? 2 : 1);
  return [0, 1, 2].flatMap((wanted) =>
    parameters.filter((parameter) => rank(parameter) === wanted).map((parameter) => formField(parameter, action)),
  );
}

/** How a parameter becomes a field. */
interface Shape extends Omit<Field, "id" | "label" | "required" | "hint"> {
  /** Name of the Python function, and its further arguments. */
  readonly reader: string;
  readonly more?: readonly string[];
  /** Describes the expected text if the type of the field does not show it. */
  readonly note?: string;
}

function formField(parameter: Parameter, action: Pick<Action, "name" | "input">): FormField {
  const { field: id, description, required, bounds } = parameter;
  const schema = action.input.shape[id];
  if (schema === undefined) throw new RangeError(`${action.name} has no field ${id}.`);
  const { reader, more = [], note, ...shape } = shapeOf(parameter, unwrapSchema(schema));
  // The description of a list of files is about JSON; here one file is chosen.
  const said = shape.type === "upload" ? [] : [description, bounds === undefined ? undefined : `${capitalise(bounds)}.`];
  const hint = [...said, note].filter((text) => text !== undefined && text !== "");
  const read = id === "mailbox" ? "env('mailbox', env('default_mailbox'))" : `env('${id}')`;
  const holdsFiles = shape.type === "upload";
  const first = holdsFiles ? ["files", read] : [read];
  return {
    field: { id, label: labelOf(id), required, ...shape, ...(hint.length === 0 ? {} : { hint: hint.join(" ") }) },
    python: reader === "" ? read : `${reader}(${[...first, ...more.map(pythonText)].join(", ")})`,
    holdsFiles,
    guards: narrowing.has(unwrapSchema(schema)),
  };
}

const yesOrNo = { true: "True", false: "False" };

function shapeOf({ field, kind, byDefault, choices }: Parameter, schema: z.core.$ZodType): Shape {
  const text = byDefault === undefined || typeof byDefault === "object" ? {} : { default: String(byDefault) };
  const values = choices && Object.fromEntries(choices.map((choice) => [choice, labelOf(choice)]));
  switch (kind) {
    case "boolean":
      return byDefault === false ? { type: "checkbox", reader: "truth" } : { type: "list", values: yesOrNo, ...text, reader: "truth" };
    case "number":
      return {
        type: "number",
        ...(schema instanceof z.ZodNumber && schema.isInt ? { validator: "integer" as const } : {}),
        ...text,
        reader: "number",
      };
    case "object":
      return { type: "textarea", reader: "whole", note: "One JSON object." };
    case "list":
      return listShape(schema, values);
    case "text":
      if (field === "mailbox")
        return { type: "text", incident_artifacts: true, reader: "choice", note: "Default Mailbox of the resource goes before that." };
      if (values !== undefined) return { type: "list", values, ...text, reader: "choice" };
      // The platform's picker writes times like this one.
      if (accepts(schema, "2026-01-31T12:00:00.000000Z") && !accepts(schema, "word"))
        return { type: "datetime", ...text, reader: "choice" };
      return {
        // A path of folders still fits on one line; a field that may be longer gets several lines.
        type: lengthOf(schema) > mostCharacters.folder ? "textarea" : "text",
        ...(accepts(schema, "0".repeat(64)) && !accepts(schema, "word") ? { validator: "sha256" as const } : {}),
        ...text,
        incident_artifacts: true,
        reader: "",
      };
  }
}

function listShape(schema: z.core.$ZodType, values: Readonly<Record<string, string>> | undefined): Shape {
  if (values !== undefined) return { type: "multilist", values: { ...values }, reader: "listed", more: [",", ""] };
  const marks = separatorsOf(schema);
  const isPasted = schema instanceof z.ZodArray && spellings.get(schema)?.paste !== undefined;
  if (schema instanceof z.ZodArray) {
    const item = unwrapSchema(schema.element);
    if (item instanceof z.ZodObject) {
      // An item that is a path, or the bytes themselves, is a file.
      if ("path" in item.shape && "base64" in item.shape) {
        return { type: "upload", reader: "upload", note: "A file; or output.raw of an earlier node, whose evidence is taken." };
      }
      return { type: "textarea", reader: "listed", more: marks, note: "One on each line, or a JSON list." };
    }
  }
  return { type: "tag", incident_artifacts: true, reader: isPasted ? "pasted" : "listed", more: marks };
}

/**
 * Returns the separators of a list in one text, and the quotes that protect them. They are determined with the field's own split function, so a
 * script splits like every other face.
 */
export function separatorsOf(schema: z.core.$ZodType): readonly [marks: string, quotes: string] {
  const split = schema instanceof z.ZodArray ? spellings.get(schema)?.split : undefined;
  if (split === undefined) return [",", ""];
  const marks = [...",;\n"].filter((mark) => split(`a${mark}b`).length === 2).join("");
  const [mark = ","] = marks;
  const quotes = ["<>", '""'].filter(([open = "", close = ""]) => split(`${open}a${mark}b${close}`).length === 1);
  return [marks, quotes.map(([open]) => open).join("")];
}

function accepts(schema: z.core.$ZodType, value: unknown): boolean {
  return z.safeParse(schema, value).success;
}

function lengthOf(schema: z.core.$ZodType): number {
  return schema instanceof z.ZodString ? (schema.maxLength ?? 0) : 0;
}

/** Returns a text as a Python literal in ASCII. Python understands the escapes of JSON. */
export function pythonText(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}'`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
