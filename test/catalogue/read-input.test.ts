import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../src/actions/index.ts";
import { addressList, addressOf, attachments, headers, importance } from "../../src/catalogue/new-message-fields.ts";
import { narrowing, readInput } from "../../src/catalogue/read-input.ts";
import { internet_message_id, item_id } from "../../src/catalogue/selection-fields.ts";
import { narrowingList, textList } from "../../src/catalogue/text-lists.ts";
import { Failure } from "../../src/failure.ts";

const schema = z.strictObject({
  name: z.string().min(1).optional().describe("A name."),
  sure: z.boolean().default(false),
  many: z.number().int().optional(),
  mode: z.enum(["trash", "soft"]).default("soft"),
  item_id,
  internet_message_id,
  to: addressList("Recipients."),
  headers,
  attachments,
  importance,
});

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

test('"", null and unset mean the same as leaving the field out', () => {
  const unset = { name: "", sure: null, many: "", mode: undefined, item_id: "", to: [] };
  expect(readInput(schema, { ...unset, to: null })).toEqual({ sure: false, mode: "soft", importance: "Normal" });
  expect(readInput(schema, { item_id: ["", "A"] }).item_id).toEqual(["A"]);
});

test("texts from playbooks are read as booleans, numbers and values of an enumeration", () => {
  expect(readInput(schema, { sure: "True", many: " 12 ", mode: "TRASH", importance: "high" })).toEqual({
    sure: true,
    many: 12,
    mode: "trash",
    importance: "High",
  });
});

test("the text None of Python means unset in fields where it can mean nothing else", () => {
  expect(readInput(schema, { sure: "None", many: "None", mode: "None" })).toEqual({ sure: false, mode: "soft", importance: "Normal" });
  expect(readInput(schema, { name: "None" })).toMatchObject({ name: "None" });
  expect(readInput(z.strictObject({ body: z.enum(["none", "text"]).default("text") }), { body: "None" })).toEqual({ body: "none" });
});

test("a text that is not a number or boolean is refused with the field's name and the accepted values", () => {
  const failure = failureOf(() => readInput(schema, { sure: "maybe", many: "12x", name: 7 }));
  expect(failure.code).toBe("invalid-input");
  expect(failure.message).toContain("sure: is not true or false");
  expect(failure.message).toContain("many: is not a number");
  expect(failure.message).toContain("name: ");
  expect(failure.message).toContain("expected: A name.");
});

test("an unknown field is refused, not ignored", () => {
  expect(failureOf(() => readInput(schema, { itemid: "A" })).message).toContain("itemid");
  expect(failureOf(() => readInput(schema, { itemid: "" })).message).toContain("itemid");
});

test("an empty required field is reported as required", () => {
  const failure = failureOf(() => readInput(z.strictObject({ folder: z.string().describe("A folder.") }), { folder: "" }));
  expect(failure.message).toBe("folder: is required (expected: A folder.)");
});

describe("an empty value of a field that narrows the selection", () => {
  const narrow = z.strictObject({
    text: z.string().min(1).register(narrowing).optional().describe("A text."),
    size: z.number().register(narrowing).optional(),
    sure: z.boolean().register(narrowing).optional(),
    mode: z.enum(["one", "two"]).register(narrowing).default("one"),
    list: narrowingList("A list."),
    subject: z.string().register(narrowing).optional(),
  });

  test.each([
    { text: "" },
    { text: "\u200b\u00ad" },
    { size: "" },
    { sure: "" },
    { mode: "" },
    { list: "" },
    { list: " , ," },
    { list: [] },
    { list: [""] },
    { list: "[]" },
    { list: ["\u200b"] },
  ])("is refused with the field's name: %j", (input) => {
    const failure = failureOf(() => readInput(narrow, input));
    expect(failure.code).toBe("invalid-input");
    expect(failure.message).toContain(`${Object.keys(input)[0]}: is empty`);
  });

  test.each([{ size: "None" }, { sure: "None" }, { mode: "None" }])("is refused as None as well: %j", (input) => {
    const failure = failureOf(() => readInput(narrow, input));
    expect(failure.code).toBe("invalid-input");
    expect(failure.message).toContain(`${Object.keys(input)[0]}: is None, which is not the same as left out`);
  });

  test("is passed on if its schema accepts an empty text, and null means unset", () => {
    expect(readInput(narrow, { subject: "", text: null, list: null, size: null })).toEqual({ subject: "", mode: "one" });
  });

  test("is reported together with all other empty fields", () => {
    const failure = failureOf(() => readInput(narrow, { text: "", list: "" }));
    expect(failure.message).toMatch(/^text: is empty.*; list: is empty/);
  });
});

describe("no action ignores a guard given as None or as an empty text", () => {
  const guards = ["dry_run", "expected_count", "max_items", "keep_evidence", "save_copy_first", "keep_inline", "scope", "max_bytes"];
  const guarded = catalogue.flatMap(({ name, input }) =>
    guards.filter((guard) => guard in input.shape).map((guard) => [name, guard, input] as const),
  );

  test("each guard in the list is a field of an action", () => {
    expect(new Set(guarded.map(([, guard]) => guard))).toEqual(new Set(guards));
  });

  test.each(guarded)("%s: %s", (_name, guard, input) => {
    for (const nothing of ["None", ""]) {
      expect(failureOf(() => readInput(input, { [guard]: nothing })).message).toMatch(
        new RegExp(`${guard}: is (None|empty), which is not`),
      );
    }
  });
});

test.each([null, 5, "text", [1]])("an input that is not an object is refused: %j", (raw) => {
  expect(failureOf(() => readInput(schema, raw)).code).toBe("invalid-input");
});

test("names from an object's prototype are not accepted as fields", () => {
  expect(failureOf(() => readInput(schema, JSON.parse('{"__proto__": {"sure": true}}'))).code).toBe("invalid-input");
  expect(failureOf(() => readInput(schema, { constructor: "x" })).message).toContain("constructor");
});

test.each([
  ["AAMk=", ["AAMk="]],
  ["AAMk=, BBMk=", ["AAMk=", "BBMk="]],
  ['["AAMk=", "BBMk="]', ["AAMk=", "BBMk="]],
  [
    ["AAMk=", "BBMk="],
    ["AAMk=", "BBMk="],
  ],
])("item_id %j is read as a list", (given, expected) => {
  expect(readInput(schema, { item_id: given }).item_id).toEqual(expected);
});

test.each([
  ["<a,b@example.com>", ["<a,b@example.com>"]],
  ["<a,b@example.com>, <c;d@example.com>", ["<a,b@example.com>", "<c;d@example.com>"]],
  ["a@example.com,b@example.com", ["a@example.com", "b@example.com"]],
  ["<a@example.com", ["<a@example.com"]],
  ["<a@example.com,b", ["<a@example.com", "b"]],
])("a Message-ID is never split inside its brackets: %s", (given, expected) => {
  expect(readInput(schema, { internet_message_id: given }).internet_message_id).toEqual(expected);
});

test("any list of Message-IDs in brackets, joined by commas, is read back as the same list", () => {
  const messageId = fc.stringMatching(/^[a-z0-9,;."$+]{1,20}@[a-z0-9.]{1,10}$/).map((id) => `<${id}>`);
  fc.assert(
    fc.property(fc.array(messageId, { minLength: 1, maxLength: 5 }), (ids) => {
      expect(readInput(schema, { internet_message_id: ids.join(", ") }).internet_message_id).toEqual(ids);
    }),
  );
});

test("recipients are split at commas outside names and quotes, and may be objects", () => {
  expect(readInput(schema, { to: '"Doe, Jane" <jane@example.com>, bob@example.com; Eve <eve@example.com>' }).to).toEqual([
    '"Doe, Jane" <jane@example.com>',
    "bob@example.com",
    "Eve <eve@example.com>",
  ]);
  expect(readInput(schema, { to: [{ name: "Eve", address: "eve@example.com" }, { address: "bob@example.com" }] }).to).toEqual([
    "Eve <eve@example.com>",
    "bob@example.com",
  ]);
});

test("headers are accepted as objects, as lines and as one object of names and values", () => {
  const expected = [{ name: "X-Case", value: "17" }];
  for (const given of [[{ name: "X-Case", value: "17" }], "X-Case: 17", ["X-Case: 17"], { "X-Case": "17" }, '{"X-Case": "17"}']) {
    expect(readInput(schema, { headers: given }).headers).toEqual(expected);
  }
});

test("attachments are accepted as paths, and other spellings of field names work inside them", () => {
  expect(readInput(schema, { attachments: "a.pdf, b.pdf" }).attachments).toEqual([{ path: "a.pdf" }, { path: "b.pdf" }]);
  expect(readInput(schema, { attachments: { base64: "AAAA", name: "a", inline: "true", content_id: "" } }).attachments).toEqual([
    { base64: "AAAA", name: "a", inline: true },
  ]);
});

test.each(["no address", "a@b@c d", "a@example.com\r\nBcc: x@example.com", "Name <>", "<a@example.com", "a b@example.com"])(
  "%j is refused as an address",
  (text) => {
    expect(failureOf(() => addressOf(text, "to")).message).toMatch(/^to: /);
  },
);

test("an address keeps its display name without quotes", () => {
  expect(addressOf('"Doe, \\"J\\"" <jane@example.com>', "to")).toEqual({ name: 'Doe, "J"', address: "jane@example.com" });
  expect(addressOf(" jane@example.com ", "to")).toEqual({ address: "jane@example.com" });
  expect(addressOf(" J < x  <jane@example.com> ", "to")).toEqual({ name: "J < x", address: "jane@example.com" });
  expect(failureOf(() => addressOf("<jane@example.com>>", "to")).code).toBe("invalid-input");
});

test("any input of a playbook is read or refused as invalid-input", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(schema.shape), "other"), fc.jsonValue()), (raw) => {
      try {
        readInput(schema, raw);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Failure);
      }
    }),
  );
});

test("the schema from which help is made still shows plain lists", () => {
  const shown = z.toJSONSchema(z.strictObject({ list: textList("A list.") }), { io: "input" });
  const items = { type: "string", minLength: 1, maxLength: 2000 };
  expect(shown.properties).toEqual({ list: { type: "array", maxItems: 1000, items, description: "A list." } });
});

test("an unknown field is refused with the nearest known name", () => {
  expect(failureOf(() => readInput(schema, { nam: "x" })).message).toBe('input: there is no field "nam". Did you mean name?');
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`${at}${"z".repeat(300)}`, 1]));
  const { message } = failureOf(() => readInput(schema, many));
  expect(message).toContain("And 4 more.");
  expect(message.length).toBeLessThan(1000);
});

// With a single expression for the whole text, the time grows with the cube of its length: each of these takes a tenth of a second, and a request may
// contain ten thousand.
test("ten thousand addresses of only spaces are refused", () => {
  const text = `${" ".repeat(999)}x`;
  for (let count = 0; count < 10_000; count++) expect(failureOf(() => addressOf(text, "to")).code).toBe("invalid-input");
});

test("the refusal of ten thousand wrong values names only the first ones", () => {
  const schema = z.strictObject({ item_id });
  const { message } = failureOf(() => readInput(schema, { item_id: Array(10_000).fill(1) }));
  expect(message).toMatch(/^item_id\.0: .*and 9950 more$/);
});

// Each that is wrong costs microseconds and memory: twenty million of them fit into a request.
test("a list that is too long and an object with too many fields are refused for their size", () => {
  const schema = z.strictObject({ item_id });
  expect(failureOf(() => readInput(schema, { item_id: Array(10_001).fill("A") })).message).toBe("item_id: has more than 10000 items.");
  const text = "A,".repeat(10_001);
  expect(failureOf(() => readInput(schema, { item_id: text })).message).toBe("item_id: has more than 10000 items.");
  const fields = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`f${at}`, 1]));
  expect(failureOf(() => readInput(schema, fields)).message).toBe("An object has more than 1000 fields.");
});

test("a value that is none of the choices is shown with them and the nearest one", () => {
  const schema = z.strictObject({ form: z.enum(["none", "text"]), columns: z.array(z.enum(["is_read", "has_attachments"])) });
  const complaint = (raw: unknown) => failureOf(() => readInput(schema, raw)).message;
  expect(complaint({ form: "tex", columns: ["has-attachments"] })).toBe(
    'form: "tex" is not one of "none", "text". Did you mean "text"?; ' +
      'columns.0: "has-attachments" is not one of "is_read", "has_attachments". Did you mean "has_attachments"?',
  );
  expect(complaint({ form: {}, columns: [] })).toBe('form: is not one of "none", "text"');
});
