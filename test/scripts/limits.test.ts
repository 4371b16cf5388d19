import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/command-line.md").split("### Limits of a list")[1]?.split("| variable | setting |")[0] ?? "";
const rows = page.split("\n").filter((line) => line.startsWith("| "));

/** Each limit of the code that ends a list, and how the page says it: the beginning of its row, and the value. */
const limits: readonly (readonly [file: string, constant: string, value: string, row: string, said: string])[] = [
  ["wire/mime/mime-parts.ts", "maxMessageBytes", "256 * 1024 * 1024", "bytes of an attachment", "256 MB"],
  ["wire/mime/split-mime.ts", "maxParts", "1000", "parts of an attached message", "1,000"],
  ["wire/mime/split-tnef.ts", "maxParts", "1000", "parts of an attached message", "1,000"],
  ["wire/mime/split-calendar.ts", "maxParts", "1000", "parts of an attached message", "1,000"],
  ["wire/mime/split-mime.ts", "maxHeadBytes", "256 * 1024", "header of one part", "256 KB"],
  ["wire/mime/split-mime.ts", "maxHeadsBytes", "4 * 1024 * 1024", "header of one part", "4 MB"],
  ["wire/mime/split-mime.ts", "maxDepth", "100", "parts within parts", "100 deep"],
  ["wire/mime/split-tnef.ts", "maxHeld", "32 * 1024 * 1024", "properties of a winmail.dat", "32 MB"],
  ["message-content/attached-parts.ts", "maxPasses", "16", "readings of one such", "16;"],
  ["message-content/attached-parts.ts", "maxBroken", "3", "readings of one such", "; 3 that"],
  ["message-content/attached-message.ts", "maxTextBytes", "1024 * 1024", "text of an attached message", "1 MB"],
  ["message-content/attached-message.ts", "maxKeptBytes", "4 * 1024 * 1024", "text of an attached message", "4 MB"],
  ["graph/search/kql-query.ts", "maxResults", "1000", "results of one", "1,000 a day"],
  ["exchange/search/cursor.ts", "maxGiven", "5000", "messages received at the same", "5,000"],
  ["ews/folders/public-folders.ts", "mostFolders", "500", "public folders", "500"],
  ["exchange/search/newest-first.ts", "maxPages", "20_000", "pages of one list", "20,000"],
  ["graph/session/paging.ts", "maxPages", "20_000", "pages of one list", "20,000"],
  ["ews/messages/find-contacts.ts", "maxPages", "1000", "pages of one list", "1,000 of contacts"],
  ["exchange/search/newest-first.ts", "maxIdlePages", "3", "pages without anything new", "| 3 |"],
  ["exchange/search/list-around-failures.ts", "mostInARow", "3", "messages that cannot be listed", "| 3;"],
  ["exchange/search/list-around-failures.ts", "mostFailedFolders", "2", "messages that cannot be listed", "; 2 |"],
  ["exchange/folders/folder-tree.ts", "maxDepth", "300", "depth of folders", "300th"],
  ["exchange/search/match-filters.ts", "maxPatternLength", "1000", "length of `--body-regex`", "1,000"],
];

test.each(limits)("the page on limits has the same value for %s as %s", (file, constant, value, row, said) => {
  const source = read(`src/${file}`);
  expect(new RegExp(`^(?:export )?const ${constant} = (.*);$`, "m").exec(source)?.[1]).toBe(value);
  expect(rows.find((line) => line.startsWith(`| ${row}`))).toContain(said);
});

test.each([
  ["actions/search-emails-extended.ts", "limit", "max(10_000).default(50)", "| 50 | 10,000 |"],
  ["actions/get-contacts.ts", "limit", "max(1000).default(50)", "| 50 | 1,000 |"],
  ["actions/get-searchable-mailboxes.ts", "limit", "max(100_000).default(1000)", "| 1,000 | 100,000 |"],
  ["actions/get-attachments.ts", "max_depth", "max(20).default(5)", "| 5 | 20 |"],
])("the page has the default and the maximum of %s as %s", (file, field, bounds, said) => {
  const line =
    read(`src/${file}`)
      .split("\n")
      .find((one) => one.trim().startsWith(`${field}: z`)) ?? "";
  expect(line).toContain(bounds);
  const action = file.replace(/^actions\/|\.ts$/g, "");
  expect(rows.find((one) => one.includes(`--${field.replace("_", "-")}`) && one.includes(action))).toContain(said);
});
