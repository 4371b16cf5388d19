import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../src/actions/index.ts";
import { actionNames, loadAction } from "../../src/actions/load.ts";
import { effects } from "../../src/catalogue/action-definition.ts";
import { answerSchema } from "../../src/catalogue/answer-envelope.ts";
import { action } from "../../src/index.ts";
import { type LabHost, openLabHost } from "./lab-host.ts";

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

test("an action is in the file of its name and is the same if loaded alone", async () => {
  expect(actionNames).toEqual(catalogue.map(({ name }) => name));
  for (const action of catalogue) {
    expect(existsSync(new URL(`../../src/actions/${action.name}.ts`, import.meta.url))).toBe(true);
    expect(await loadAction(action.name)).toBe(action);
  }
});

// Splunk's documentation marks its delete action "Read only: True"; Sumo Logic describes Get Searchable Mailboxes with the search action's words.
test("every action has its own description, and every action that changes messages has a dry run", () => {
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

/** Everything that a list of ids from a playbook may hold: good ones, one twice, none at all, one that died, one of another mailbox. */
describe("the answer has one result per selected message, under its own name:", () => {
  const who = "user01@example.com";
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost();
  });
  afterAll(() => at.close());

  // XSOAR's get_items raises for all when one id is bad; Splunk's on-premises delete gives one row for all of a batch.
  test.each([
    ["copy-email", { destination_folder: "archive" }],
    ["delete-attachments", { all: true }],
    ["delete-email", {}],
    ["delete-email", { delete_type: "trash" }],
    ["delete-email", { delete_type: "hard", confirm_hard: true }],
    ["download-mail-as-eml", {}],
    ["get-attachments", {}],
    ["junk-mail", {}],
    ["reply-to-email", { body_text: "Thank you." }],
  ])("%s %j", async (name, input) => {
    const attachments = [{ kind: "file", name: "a.txt", content: Buffer.from("a") }] as const;
    const [first, dead, last] = [1, 2, 3].map(() => at.put(who, { attachments }).id);
    at.mailbox(who).remove(at.mailbox(who).item(dead ?? "") ?? at.put(who));
    const foreign = at.put("user02@example.com", { attachments }).id;
    const asked = [first, "no id at all", dead, first, foreign, last];
    const answer = await at.run(action(name), { mailbox: who, item_id: asked, ...input });
    const rows = answer.results?.map(
      ({ item_id, status }) => `${["first", "none", "dead", "", "foreign", "last"][asked.indexOf(String(item_id))]} ${status}`,
    );
    expect(rows).toEqual(["first done", "none failed", "dead not_found", "foreign failed", "last done"]);
    expect(answer.counts.requested).toBe(5);
    expect(at.mailbox("user02@example.com").item(foreign)?.attachments).toHaveLength(1);
  });
});

test("every action accepts its own example", () => {
  for (const { example, prepare } of catalogue) {
    expect(example).toBeDefined();
    expect(() => prepare(example)).not.toThrow();
  }
});
