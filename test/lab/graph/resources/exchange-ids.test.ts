import { expect, test } from "vitest";
import { anna, call, deliver, idOf, refusal, startGraphLab, stays, text } from "../graph-client.ts";

const path = `/users/${anna}/translateExchangeIds`;

test("every form of an id is translated into every other and back", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const restId = decodeURIComponent(idOf(item));
  const immutable = text((await call(lab, "GET", `/users/${anna}/messages/${idOf(item)}`, undefined, stays)).at("id"));
  const translate = async (inputId: string, sourceIdType: string, targetIdType: string): Promise<string> => {
    const received = await call(lab, "POST", path, { inputIds: [inputId], sourceIdType, targetIdType });
    expect(received.at("value", 0, "sourceId")).toBe(inputId);
    return text(received.at("value", 0, "targetId"));
  };
  expect(await translate(item.id, "ewsId", "restId")).toBe(restId);
  expect(await translate(restId, "restId", "restImmutableEntryId")).toBe(immutable);
  expect(await translate(immutable, "restImmutableEntryId", "ewsId")).toBe(item.id);
  for (const form of ["entryId", "immutableEntryId"]) {
    const entry = await translate(restId, "restId", form);
    expect(await translate(entry, form, "ewsId")).toBe(item.id);
  }
});

test("an id that cannot be translated fails alone, in its place", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const inputIds = ["nonsense", item.id];
  const received = await call(lab, "POST", path, { InputIds: inputIds, SourceIdType: "ewsId", TargetIdType: "restId" });
  expect(received.at("value")).toEqual([
    { sourceId: "nonsense", errorDetails: expect.objectContaining({ code: "ErrorInvalidIdMalformed" }) },
    { sourceId: item.id, targetId: decodeURIComponent(idOf(item)) },
  ]);
});

test("more than a thousand ids, or an unknown form, are refused", async () => {
  const lab = await startGraphLab();
  const types = { sourceIdType: "ewsId", targetIdType: "restId" };
  const many = await call(lab, "POST", path, { ...types, inputIds: Array.from({ length: 1001 }, () => "x") });
  expect(refusal(many)).toEqual([400, "ErrorInvalidRequest"]);
  const odd = await call(lab, "POST", path, { ...types, targetIdType: "hexId", inputIds: [] });
  expect(refusal(odd)).toEqual([400, "UnableToDeserializePostBody"]);
});

test("an application needs to read users in full; to know their names is not enough", async () => {
  const lab = await startGraphLab({ graph: { tokens: { basic: ["User.ReadBasic.All"], full: ["User.Read.All"] } } });
  const body = { inputIds: [idOf(deliver(lab))], sourceIdType: "restId", targetIdType: "ewsId" };
  const statusOf = async (token: string) => (await call(lab, "POST", path, body, { token })).status;
  expect([await statusOf("basic"), await statusOf("full")]).toEqual([403, 200]);
});
