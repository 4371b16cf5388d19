import { expect, test } from "vitest";
import { catalogue } from "../../../src/actions/index.ts";
import { carriesEvidence, listsOf, outputOf, pathsOf, tableOf, valuesOf } from "../../../src/faces/automation-service/output.ts";

const outputs = catalogue.map((action) => outputOf(action));
const of = (name: string) => {
  const found = outputs.find(({ action }) => action.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

test("no path is declared twice", () => {
  for (const output of outputs) {
    const paths = pathsOf(output);
    expect(new Set(paths).size).toBe(paths.length);
  }
});

test("items are named by what a later node goes on with", () => {
  for (const { name, input } of catalogue.filter(({ each }) => each !== undefined)) {
    const paths = pathsOf(of(name));
    for (const id of ["item_id", "internet_message_id"])
      if (id in input.shape) expect([name, paths]).toEqual([name, expect.arrayContaining([`results.[].${id}`])]);
  }
});

test("lists in lists, lists of texts and objects have the paths that the platform's grammar gives them", () => {
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

test("nothing is promised that never comes: no verification of what is only read, no evidence of what is not destroyed", () => {
  expect(pathsOf(of("download-mail-as-eml")).filter((path) => /\.(verified|evidence)/.test(path))).toEqual([]);
  expect(pathsOf(of("copy-email")).filter((path) => path.includes("evidence"))).toEqual([]);
  expect(pathsOf(of("delete-email"))).toEqual(expect.arrayContaining(["results.[].verified", "results.[].evidence.sha256"]));
});

test("every column of a table has one value in each row", () => {
  for (const output of outputs) {
    for (const { value } of tableOf(output)) {
      expect(pathsOf(output)).toContain(value);
      expect(value.split("[]").length).toBeLessThan(3);
    }
  }
});

test("a table shows the list that tells most, or else the single values", () => {
  expect(listsOf(of("search-emails-extended")).map(({ name }) => name)).toEqual(["items", "per_mailbox"]);
  expect(tableOf(of("get-searchable-mailboxes"))[0]).toEqual({ display_name: "Mailbox", value: "mailboxes.[].mailbox" });
  expect(tableOf(of("get-out-of-office")).map(({ value }) => value)).toContain("state");
});

test("of a text in HTML that is there as plain text, too, people are shown the plain one", () => {
  expect(valuesOf(of("get-out-of-office"))).toEqual(expect.arrayContaining(["internal_reply_text"]));
  expect(valuesOf(of("get-out-of-office"))).not.toContain("internal_reply");
});

test("evidence is known by its hash and its place", () => {
  expect(catalogue.filter(carriesEvidence).map(({ name }) => name)).toEqual(["download-mail-as-eml", "get-attachments"]);
});
