import { describe, expect, test } from "vitest";
import { nameValues, optional, qname, record, text, within } from "../../../src/wire/xml/read-xml.ts";
import { ns, oneText, q, readBothWays, refused, root } from "./reading.ts";

describe("names", () => {
  test("are compared by namespace and never by prefix", async () => {
    const expected = { text: "yes", replaced: 0 };
    expect(await readBothWays(`<a:Root xmlns:a="${ns}"><a:Text>yes</a:Text></a:Root>`, oneText)).toEqual(expected);
    expect(await readBothWays(`<Root xmlns="${ns}"><b:Text xmlns:b="${ns}">yes</b:Text></Root>`, oneText)).toEqual(expected);
    expect(
      await readBothWays(`<a:Root xmlns:a="${ns}"><Text>no</Text><a xmlns="${ns}"/><Text xmlns="${ns}">yes</Text></a:Root>`, oneText),
    ).toEqual(expected);
  });

  test("in another namespace are other names, whatever their prefix", async () => {
    const document = `<t:Root xmlns:t="${ns}"><t:Text xmlns:t="urn:evil">no</t:Text><Text>no</Text><t:Text>yes</t:Text></t:Root>`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "yes" });
  });

  test("lose a default namespace where it is undeclared, and regain it afterwards", async () => {
    const document = `<Root xmlns="${ns}"><x xmlns=""><Text>no</Text></x><Text>yes</Text></Root>`;
    expect(await readBothWays(document, oneText)).toMatchObject({ text: "yes" });
    const noNamespace = record({ v: optional(qname("", "v"), text) });
    expect(await readBothWays(root('<v>no</v><y xmlns=""><v>x</v></y><v xmlns="">yes</v>'), noNamespace)).toEqual({ v: "yes" });
  });

  test("such as __proto__ and constructor are just unknown elements", async () => {
    const document = root("<__proto__><polluted>1</polluted></__proto__><constructor>x</constructor><toString/><Text>fine</Text>");
    const value = await readBothWays(document, oneText);
    expect(value).toEqual({ text: "fine", replaced: 0 });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("of leaves without a schema are values, never keys", async () => {
    const value = await readBothWays(root("<X><__proto__>p</__proto__></X>"), within(q("X"), nameValues));
    expect(value).toEqual([{ element: "__proto__", name: undefined, text: "p" }]);
  });

  test("may have characters outside ASCII", async () => {
    expect(await readBothWays(root('<Größe 属性="x">1</Größe><Text>a</Text>'), oneText)).toMatchObject({ text: "a" });
    expect(await readBothWays(root("<Größe>1</Größe>"), within(q("Größe"), text))).toBe("1");
  });

  test("of another root are refused", async () => {
    await refused(`<Other xmlns="${ns}"/>`);
    await refused('<Root xmlns="urn:other"/>');
  });
});
