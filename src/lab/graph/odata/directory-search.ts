// src/lab/graph/odata/: OData in the lab: reads `$filter`, `$search`, `$select`, `$orderby` and pages as Graph does.

import { containsWords, wordsOf } from "../../ews/search/query-string.ts";
import { badRequest } from "../errors.ts";
import type { Row } from "../row.ts";
import { valueAt } from "./filter.ts";
import { canonical, type Vocabulary } from "./vocabulary.ts";

/**
 * `"displayName:ann" OR "mail:ann"`: clauses in quotes, AND before OR. Throws GraphError.
 * @see https://learn.microsoft.com/en-us/graph/search-query-parameter#using-search-on-directory-object-collections
 */
export function readDirectorySearch(text: string, vocabulary: Vocabulary): (row: Row) => boolean {
  const any = text
    .split(/(?<!\s)\s+OR\s+(?=")/)
    .map((part) => part.split(/(?<!\s)\s+AND\s+(?=")/).map((clause) => readClause(clause, vocabulary)));
  return (row) => any.some((all) => all.every((one) => one(row)));
}

function readClause(text: string, vocabulary: Vocabulary): (row: Row) => boolean {
  const [, name = "", value = ""] = /^\s*"(\w+):((?:[^"\\]|\\.)*)"\s*$/s.exec(text) ?? [];
  const path = canonical(Object.keys(vocabulary.compared), name);
  if (path === undefined) throw badRequest(`Unrecognized $search clause: ${text.trim()}.`, "Request_BadRequest");
  const words = wordsOf(value.replace(/\\(.)/gs, "$1"));
  return (row) => {
    const found = valueAt(row.properties, path);
    return typeof found === "string" && containsWords([found], words, false);
  };
}
