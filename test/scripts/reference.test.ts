import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { referencePages } from "../../scripts/reference.ts";

it.each([...referencePages()])("docs/reference/%s is what the catalogue and the table say; `npm run docs` writes it", (name, text) => {
  expect(readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8")).toBe(text);
});
