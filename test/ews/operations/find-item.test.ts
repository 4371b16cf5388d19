import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findContacts } from "../../../src/ews/messages/contact-reader.ts";
import { m, s } from "../../../src/ews/namespaces.ts";
import type { Operation } from "../../../src/ews/operation.ts";
import { createAttachment } from "../../../src/ews/operations/create-attachment.ts";
import { createItem } from "../../../src/ews/operations/create-item.ts";
import { findItem } from "../../../src/ews/operations/find-item.ts";
import { sendItem } from "../../../src/ews/operations/send-item.ts";
import { updateItem } from "../../../src/ews/operations/update-item.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { mapped, optional, type Reader, readXml, record, required } from "../../../src/wire/xml/read-xml.ts";
import { absent, shared } from "../shared.ts";

const folder = "ews-samples";
const missing = absent(folder);
const because = missing === undefined ? "" : ` (skipped: ${missing})`;

function replyReader<T>(name: string, read: Reader<readonly Outcome<T>[]>): Reader<readonly Outcome<T>[] | undefined> {
  const body = record({ outcomes: optional(m(`${name}Response`), read) });
  return mapped(record({ body: required(s("Body"), body) }), ({ body: { outcomes } }) => outcomes);
}

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}

function parse<In, Out>(operation: Operation<In, Out>, xml: string): Promise<readonly Outcome<Out>[] | undefined> {
  return readXml(bytesOf(xml), s("Envelope"), replyReader(operation.name, operation.read));
}

const whole = (body: string) => `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
const textOf = (name: string) => readFileSync(shared(`${folder}/${name}.xml`), "utf8");

async function sample<In, Out>(operation: Operation<In, Out>, name: string): Promise<readonly Outcome<Out>[]> {
  const xml = textOf(name);
  return (await parse(operation, /<(\w+:)?Envelope/.test(xml) ? xml : whole(xml))) ?? [];
}

const readers: Readonly<Record<string, (name: string) => Promise<readonly Outcome<unknown>[]>>> = {
  FindItem: (name) => sample(findItem, name),
  CreateItem: (name) => sample(createItem, name),
  CreateAttachment: (name) => sample(createAttachment, name),
  SendItem: (name) => sample(sendItem, name),
  UpdateItem: (name) => sample(updateItem, name),
};

const names =
  missing === undefined
    ? readdirSync(shared(folder))
        .filter((file) => /__response__/.test(file))
        .map((file) => file.replace(/\.xml$/, ""))
    : [];
const ours = names.map((name) => ({ name, operation: name.split("__")[1] ?? "" })).filter(({ operation }) => operation in readers);

describe.skipIf(missing !== undefined)(`replies of real servers and of Microsoft's documentation${because}`, () => {
  test.each(ours)("$name has an outcome for each response message, with the code that stands there", async ({ name, operation }) => {
    const said = textOf(name).matchAll(/ResponseClass\s*=\s*"\w+"[\s\S]*?<(?:\w+:)?ResponseCode>\s*(\w+)\s*</g);
    const codes = [...said].map(([, code]) => code);
    const outcomes = (await readers[operation]?.(name)) ?? [];
    expect(outcomes).toHaveLength(codes.length);
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome.ok ? "NoError" : outcome.failure.wireCode).toBe(codes[index]);
    }
  });

  test("a page has its items, the position of the next page, the total, and whether it is the last", async () => {
    const [page] = await sample(findItem, "msdocs__FindItem__response__01");
    expect(page).toMatchObject({
      ok: true,
      value: {
        items: [{ itemId: "IJpUAAA=", subject: "Team building exercise", receivedAt: "2014-03-04T21:27:22.000Z" }],
        nextOffset: 1,
        total: 1,
        isLast: true,
      },
    });
  });

  test("a new attachment gives the draft's new change key", async () => {
    const [made] = await sample(createAttachment, "msdocs__CreateAttachment__response__01");
    expect(made).toEqual({ ok: true, value: { id: "uqE2AAA=", changeKey: "CQAAABYAAAAFI5DJmZv+TLtyLOLIF1S5AAAXulcf" } });
  });

  test("a draft has an id and a change key", async () => {
    const [made] = await sample(createItem, "msdocs__CreateItem__response__01");
    expect(made).toEqual({ ok: true, value: { id: "iNRaAAA=", changeKey: "CQAAABYAAADOilbYa8KaT7ZgMoTz2P+hAAABiQPU" } });
  });
});

describe("a page", () => {
  const page = (attributes: string, items: string) =>
    whole(
      `<m:FindItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder ${attributes}><t:Items>${items}</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>`,
    );

  test.each([
    // exchangelib compares the attribute with "true" and "0".
    ['IncludesLastItemInRange="false"', { isLast: false, nextOffset: undefined, total: undefined }],
    ['IncludesLastItemInRange="0"', { isLast: false }],
    ['IncludesLastItemInRange="1"', { isLast: true }],
    ["", { isLast: true }],
    ['IndexedPagingOffset="-1" TotalItemsInView="x"', { nextOffset: undefined, total: undefined }],
    ['IndexedPagingOffset="99999999999999999999"', { nextOffset: undefined }],
    ['IndexedPagingOffset="7" TotalItemsInView="9"', { nextOffset: 7, total: 9 }],
  ])("with %s is read correctly", async (attributes, expected) => {
    expect(await parse(findItem, page(attributes, ""))).toMatchObject([{ ok: true, value: { items: [], ...expected } }]);
  });

  test("keeps items of every class, and contacts apart from other items", async () => {
    const kinds = ["Message", "MeetingRequest", "PostItem", "Contact", "DistributionList"];
    const items = kinds.map((kind) => `<t:${kind}><t:ItemId Id="${kind}"/></t:${kind}>`).join("");
    const [messages] = (await parse(findItem, page("", items))) ?? [];
    expect(messages).toMatchObject({ value: { items: kinds.map((itemId) => ({ itemId })) } });
    const [lines] = (await parse(findContacts, page("", items))) ?? [];
    expect(lines).toMatchObject({
      value: { items: ["other", "other", "other", "contact", "group"].map((kind, index) => ({ id: kinds[index], kind })) },
    });
  });
});
