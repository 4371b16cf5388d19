import { expect, test } from "vitest";
import { shapeOf } from "../../../../src/lab/graph/odata/query.ts";
import type { Row } from "../../../../src/lab/graph/row.ts";
import { refusedAs, row, urlOf } from "./rows.ts";

const mail = row({
  id: "a",
  subject: "Hello",
  attachment: "a.txt",
  extended: { "String 0x001A": "IPM.Note", "String {g} Name It's": "1" },
});
const shape = (query: string) => shapeOf(mail, urlOf(query), "message");

test("headers are shown only when they are selected", () => {
  expect(shape("")).not.toHaveProperty("internetMessageHeaders");
  expect(shape("$select=internetMessageHeaders")).toEqual({
    "@odata.etag": 'W/"1"',
    id: "a",
    internetMessageHeaders: [{ name: "X-Mailer", value: "1" }],
  });
});

test("$select takes names in any case, and gives them as the schema has them", () => {
  expect(Object.keys(shape("$select=SUBJECT,isread"))).toEqual(["@odata.etag", "id", "subject", "isRead"]);
});

test("$expand of attachments accepts a $select of its own, even of a derived type", () => {
  const query = "$select=subject&$expand=attachments($select=name,microsoft.graph.fileAttachment/contentId)";
  expect(shape(query).attachments).toEqual([{ "@odata.type": "#microsoft.graph.fileAttachment", id: "a", name: "a.txt", contentId: "c" }]);
});

test("the content of an attachment is not read when it is not selected", () => {
  let reads = 0;
  const file: Row = {
    properties: Object.defineProperty({ id: "a", name: "a.txt", "@odata.mediaContentType": "text/plain" }, "contentBytes", {
      enumerable: true,
      get: () => {
        reads += 1;
        return "";
      },
    }),
  };
  expect(shapeOf(file, urlOf("$select=name"), "attachment")).toEqual({ id: "a", name: "a.txt" });
  expect(reads).toBe(0);
});

test("extended properties are returned with their ids, and left out if there are none", () => {
  const one = "$expand=singleValueExtendedProperties($filter=id eq 'String 0x001A' or id eq 'String 0x9999')";
  expect(shape(one).singleValueExtendedProperties).toEqual([{ id: "String 0x001A", value: "IPM.Note" }]);
  expect(shape("$expand=singleValueExtendedProperties($filter=id eq 'String {g} Name It''s')").singleValueExtendedProperties).toEqual([
    { id: "String {g} Name It's", value: "1" },
  ]);
  expect(shape("$expand=singleValueExtendedProperties($filter=id eq 'String 0x9999')")).not.toHaveProperty("singleValueExtendedProperties");
});

test.each([
  ["$expand=nothing", "RequestBroker--ParseUri"],
  ["$expand=attachments($select=contentBytes)", "RequestBroker--ParseUri"],
  ["$expand=attachments(nonsense)", "RequestBroker--ParseUri"],
  ["$expand=singleValueExtendedProperties", "ErrorInvalidUrlQueryFilter"],
  ["$expand=singleValueExtendedProperties($filter=value eq 'x')", "ErrorInvalidUrlQueryFilter"],
  ["$select=microsoft.graph.fileAttachment/contentId", "RequestBroker--ParseUri"],
])("%s is refused with %s", (query, code) => {
  expect(refusedAs(() => shape(query))).toBe(code);
});
