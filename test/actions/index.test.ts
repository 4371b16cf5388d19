import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { effects } from "../../src/action.ts";
import { catalogue } from "../../src/actions/index.ts";
import { actionNames, loadAction } from "../../src/actions/load.ts";
import { answerSchema } from "../../src/answer.ts";

test("the catalogue holds the twelve actions under the titles and kinds that playbooks know, in alphabetical order", () => {
  expect(catalogue.map(({ name, title, effect }) => [name, title, effects[effect].kind])).toEqual([
    ["copy-email", "Copy Email", "Containment"],
    ["delete-attachments", "Delete Attachments", "Containment"],
    ["delete-email", "Delete Email", "Containment"],
    ["download-mail-as-eml", "Download Mail As EML", "Enrichment"],
    ["get-attachments", "Get Attachments", "Enrichment"],
    ["get-contacts", "Get Contacts", "Enrichment"],
    ["get-out-of-office", "Get Out Of Office", "Enrichment"],
    ["get-searchable-mailboxes", "Get Searchable Mailboxes", "Enrichment"],
    ["junk-mail", "Junk Mail", "Containment"],
    ["reply-to-email", "Reply To Email", "Notification"],
    ["search-emails-extended", "Search Emails Extended", "Enrichment"],
    ["send-email", "Send Email", "Notification"],
  ]);
});

test("an action lies in the file of its name, and is the same when it is loaded alone", async () => {
  expect(actionNames).toEqual(catalogue.map(({ name }) => name));
  for (const action of catalogue) {
    expect(existsSync(new URL(`../../src/actions/${action.name}.ts`, import.meta.url))).toBe(true);
    expect(await loadAction(action.name)).toBe(action);
  }
});

// Splunk's documentation marks its delete action "Read only: True"; Sumo Logic describes Get Searchable Mailboxes with the search action's words.
test("every action says in its own words what it does, and what touches mail has a dry run", () => {
  expect(new Set(catalogue.map(({ summary }) => summary)).size).toBe(catalogue.length);
  for (const { effect, input } of catalogue) expect(Object.hasOwn(input.shape, "dry_run")).toBe(!effects[effect].readOnly);
});

test.each(catalogue.map((action) => [action.name, action] as const))(
  "%s: every field has a name in snake_case and a description",
  (_name, action) => {
    for (const [name, field] of Object.entries(action.input.shape)) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(field instanceof z.ZodType ? field.description : undefined, name).toMatch(/\S/);
    }
    for (const name of ["mailbox", "access", "timeout_seconds"]) expect(action.input.shape).toHaveProperty(name);
  },
);

test.each(catalogue.map((action) => [action.name, action] as const))(
  "%s: inputs and answers can be written as JSON Schema",
  (_name, action) => {
    expect(z.toJSONSchema(action.input, { io: "input" })).toMatchObject({ type: "object", additionalProperties: false });
    expect(z.toJSONSchema(answerSchema(action))).toMatchObject({
      type: "object",
      required: expect.arrayContaining(["success", "message", "counts"]),
    });
    expect((action.each === undefined) !== (action.output === undefined)).toBe(true);
  },
);
