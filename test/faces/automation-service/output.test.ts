import { expect, test } from "vitest";
import { catalogue } from "../../../src/actions/index.ts";
import { carriesEvidence, listsOf, outputOf, pathsOf, tableOf, valuesOf } from "../../../src/faces/automation-service/output.ts";

const outputs = catalogue.map((action) => outputOf(action));
const of = (name: string) => {
  const found = outputs.find(({ action }) => action.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

test("no output path is declared twice", () => {
  for (const output of outputs) {
    const paths = pathsOf(output);
    expect(new Set(paths).size).toBe(paths.length);
  }
});

test("the output identifies items by the value that a later node needs", () => {
  for (const { name, input } of catalogue.filter(({ each }) => each !== undefined)) {
    const paths = pathsOf(of(name));
    for (const id of ["item_id", "internet_message_id"])
      if (id in input.shape) expect([name, paths]).toEqual([name, expect.arrayContaining([`results.[].${id}`])]);
  }
});

test("the paths of nested lists, lists of texts and objects follow the platform's grammar", () => {
  expect(pathsOf(of("get-contacts"))).toEqual(
    expect.arrayContaining([
      "contacts.[].display_name",
      "contacts.[].email_addresses",
      "contacts.[].email_addresses.[]",
      "contacts.[].phone_numbers.[].number",
      "counts.succeeded",
    ]),
  );
  expect(pathsOf(of("search-emails-extended"))).toEqual(expect.arrayContaining(["items.[].from.address", "applied", "next_cursor"]));
});

test("the output declares no verification of a read and no evidence without a deletion", () => {
  expect(pathsOf(of("download-mail-as-eml")).filter((path) => /\.(verified|evidence)/.test(path))).toEqual([]);
  expect(pathsOf(of("copy-email")).filter((path) => path.includes("evidence"))).toEqual([]);
  expect(pathsOf(of("delete-email"))).toEqual(expect.arrayContaining(["results.[].verified", "results.[].evidence.sha256"]));
});

test("each column of a table has one value in each row", () => {
  for (const output of outputs) {
    for (const { value } of tableOf(output)) {
      expect(pathsOf(output)).toContain(value);
      expect(value.split("[]").length).toBeLessThan(3);
    }
  }
});

test("a table shows the most useful list, or the single values if there is no list", () => {
  expect(listsOf(of("search-emails-extended")).map(({ name }) => name)).toEqual(["items", "per_mailbox"]);
  expect(tableOf(of("get-searchable-mailboxes"))[0]).toEqual({ display_name: "Mailbox", value: "mailboxes.[].mailbox" });
  expect(tableOf(of("get-out-of-office")).map(({ value }) => value)).toContain("state");
});

test("a text that exists in HTML and as plain text is shown as plain text", () => {
  expect(valuesOf(of("get-out-of-office"))).toEqual(expect.arrayContaining(["internal_reply_text"]));
  expect(valuesOf(of("get-out-of-office"))).not.toContain("internal_reply");
});

test("evidence is identified by its hash and its path", () => {
  expect(catalogue.filter(carriesEvidence).map(({ name }) => name)).toEqual(["download-mail-as-eml", "get-attachments"]);
});
