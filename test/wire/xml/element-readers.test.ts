import { describe, expect, test } from "vitest";
import {
  attribute,
  bool,
  dateTime,
  deferred,
  eachOf,
  fromAttribute,
  integer,
  listOf,
  many,
  mapped,
  nameValues,
  oneOf,
  optional,
  ownText,
  type Reader,
  record,
  required,
  text,
  within,
} from "../../../src/wire/xml/read-xml.ts";
import { failureOf, ns, one, oneText, q, read, readBothWays, root } from "./reading.ts";

const messages = within(
  q("Items"),
  listOf(q("Message"), record({ b: optional(q("B"), text), size: required(q("Size"), integer), a: many(q("A"), text) })),
);

describe("readers", () => {
  const values = record({ values: many(q("V"), text) });

  test("keep a text exactly as it is, white space included", async () => {
    expect(await readBothWays(root("<V>  a\t\n b </V><V></V><V/><V> </V>"), values)).toEqual({ values: ["  a\t\n b ", "", "", " "] });
  });

  test.each([
    ["2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000Z"],
    ["2026-01-31T23:59:59Z", "2026-01-31T23:59:59.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2026-02-03T04:05:06", "2026-02-03T04:05:06.000Z"],
    ["2026-02-03T04:05:06.1234567-05:30", "2026-02-03T09:35:06.123Z"],
    [" 2026-02-03T04:05:06.5Z ", "2026-02-03T04:05:06.500Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00.000Z"],
  ])("read the time %s as %s", async (written, expected) => {
    expect(await read(root(`<V>${written}</V>`), within(q("V"), dateTime))).toBe(expected);
  });

  test.each([
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-02-03",
    "2026-02-03T25:00:00Z",
    "",
    "yesterday",
    "2026-02-03T04:05:06+0200",
  ])("refuse %j as a time", async (written) => {
    expect((await failureOf(read(root(`<V>${written}</V>`), within(q("V"), dateTime)))).code).toBe("broken-reply");
  });

  test.each([
    ["0", 0],
    ["-17", -17],
    [" +8 ", 8],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("read the integer %j", async (written, expected) => {
    expect(await read(root(`<V>${written}</V>`), within(q("V"), integer))).toBe(expected);
  });

  test.each(["", "1.5", "0x10", "1e3", "9007199254740992", "12 34", "Infinity"])("refuse %j as an integer", async (written) => {
    const failure = await failureOf(read(root(`<V>${written}</V>`), within(q("V"), integer)));
    expect(failure.code).toBe("broken-reply");
    expect(failure.message).toContain("V");
  });

  test("read true, false, 1 and 0 as booleans and refuse anything else", async () => {
    const list = listOf(q("V"), bool);
    expect(await read(root("<V>true</V><V>false</V><V>1</V><V> 0 </V>"), list)).toEqual([true, false, true, false]);
    for (const wrong of ["", "TRUE", "yes", "2"]) expect((await failureOf(read(root(`<V>${wrong}</V>`), list))).code).toBe("broken-reply");
  });

  test("name the required element that is missing", async () => {
    const failure = await failureOf(read(root("<Items><Message/></Items>"), messages));
    expect(failure.code).toBe("broken-reply");
    expect(failure.message).toContain("Size");
  });

  test("read the first of several elements if one is expected", async () => {
    expect(await read(root("<Text>first</Text><Text>second</Text>"), oneText)).toMatchObject({ text: "first" });
  });

  test("give an attribute's value, and nothing of the children", async () => {
    const ids = listOf(q("V"), attribute("Id"));
    expect(await readBothWays(root('<V Id="a b"/><V other="1"><Id>no</Id></V><V Id="c"><V Id="d"/></V>'), ids)).toEqual(["a b", "", "c"]);
  });

  test("give a record its own text beside its attributes", async () => {
    const header = record({ name: fromAttribute("Name"), value: ownText, inner: optional(q("Inner"), text) });
    const document = root('<H Name="X-A">a&amp;<!-- c -->b<Inner>i</Inner>c<Other>o</Other>d</H><H/>');
    expect(await readBothWays(document, listOf(q("H"), header))).toEqual([
      { name: "X-A", value: "a&bcd", inner: "i" },
      { name: undefined, value: "", inner: undefined },
    ]);
  });

  test("leave the content of inner elements out of a text", async () => {
    expect(await readBothWays(one("a<b>c<d>e</d></b>f"), oneText)).toEqual({ text: "af", replaced: 0 });
  });

  test("tell alternatives by their names", async () => {
    const alternatives = { A: text, B: integer };
    expect(await readBothWays(root("<X>0</X><B>1</B><A>2</A>"), oneOf(ns, alternatives))).toEqual({ element: "B", value: 1 });
    expect(await readBothWays(root("<X>0</X><B>1</B><A>2</A>"), eachOf(ns, alternatives))).toEqual([
      { element: "B", value: 1 },
      { element: "A", value: "2" },
    ]);
    expect(await read(root("<X/>"), oneOf(ns, alternatives))).toBeUndefined();
    expect(await read(root("<X/>"), eachOf(ns, alternatives))).toEqual([]);
  });

  test("collect every leaf if there is no schema", async () => {
    const document = root(
      '<Xml><t:Value xmlns:t="urn:t" Name="BackOff">500</t:Value><Deep><Er>a&lt;</Er><Er Name="n"/></Deep></Xml><V>x</V>',
    );
    expect(await readBothWays(document, record({ xml: optional(q("Xml"), nameValues), v: optional(q("V"), text) }))).toEqual({
      xml: [
        { element: "Value", name: "BackOff", text: "500" },
        { element: "Er", name: undefined, text: "a<" },
        { element: "Er", name: "n", text: "" },
      ],
      v: "x",
    });
  });

  test("can hold themselves", async () => {
    interface Tree {
      readonly name: string | undefined;
      readonly children: Tree[];
    }
    const tree: Reader<Tree> = record({
      name: fromAttribute("n"),
      children: many(
        q("T"),
        deferred(() => tree),
      ),
    });
    expect(await readBothWays(root('<T n="a"><T n="b"/><T n="c"><T n="d"/></T></T>'), tree)).toEqual({
      name: undefined,
      children: [
        {
          name: "a",
          children: [
            { name: "b", children: [] },
            { name: "c", children: [{ name: "d", children: [] }] },
          ],
        },
      ],
    });
  });

  test("map the values they read, those of deferred readers and leaves included", async () => {
    const length = mapped(
      deferred(() => text),
      (value) => value.length,
    );
    expect(await read(root("<V>abc</V>"), within(q("V"), length))).toBe(3);
    expect(
      await read(
        root("<V><W/><W/></V>"),
        within(
          q("V"),
          mapped(nameValues, (found) => found.length),
        ),
      ),
    ).toBe(2);
    expect(
      await read(
        root("<V/>"),
        within(
          q("V"),
          mapped(text, () => undefined),
        ),
      ),
    ).toBeUndefined();
  });

  test("give every record all its keys in one order, even for missing values", async () => {
    const value = await read(root("<Items><Message><Size>1</Size></Message></Items>"), messages);
    expect(Object.keys(value?.[0] ?? {})).toEqual(["b", "size", "a"]);
    expect(value).toEqual([{ b: undefined, size: 1, a: [] }]);
  });
});
