import { expect, test } from "vitest";
import { ActionDefinition, IntegrationDefinition } from "../../../src/faces/automation-service/definition.ts";
import { toyService } from "./stage.ts";

const [action] = toyService.actions;
if (action === undefined) throw new Error("no action");
const [field] = action.fields;

test.each<[string, object]>([
  ["of a kind that the platform does not have", { type: "Reading" }],
  ["with a key that the platform does not have", { category: "Email Gateway" }],
  ["whose code is not ASCII", { script: { code: "print('ü')\n" } }],
  ["whose code has no end of line at its end", { script: { code: "pass" } }],
  ["with a field whose id is no name of a variable", { fields: [{ ...field, id: "a-b" }] }],
  ["with a secret as a field", { fields: [{ ...field, type: "password" }] }],
  ["with two fields of one id", { fields: [field, field] }],
  ["with a list that has no values", { fields: [{ ...field, type: "list" }] }],
  ["with a default that cannot be chosen", { fields: [{ ...field, type: "list", values: { a: "A" }, default: "b" }] }],
  ["with a column that is no output", { table_view: [{ display_name: "A", value: "nowhere" }] }],
  ["with a path that is not of the platform's grammar", { output: [{ path: "$.data.x", type: "text" }] }],
  ["with an output that is not text", { output: [{ path: "a", type: "integer" }] }],
])("an action %s is refused", (_, change) => {
  expect(ActionDefinition.safeParse(action).success).toBe(true);
  expect(ActionDefinition.safeParse({ ...action, ...change }).success).toBe(false);
});

test.each<[string, object]>([
  ["whose version is a number", { version: 1 }],
  ["with a signature, which is Sumo Logic's own", { signature: "x" }],
  ["whose icon is no PNG", { icon: "data:image/png;base64,AAAA" }],
  ["without code to test a connection", { script: { type: "python" } }],
])("an integration %s is refused", (_, change) => {
  expect(IntegrationDefinition.safeParse(toyService.integration).success).toBe(true);
  expect(IntegrationDefinition.safeParse({ ...toyService.integration, ...change }).success).toBe(false);
});
