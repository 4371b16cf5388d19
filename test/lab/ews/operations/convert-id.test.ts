import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { esc } from "../../../../src/lab/xml.ts";
import { anna, ben, call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const send = (from: string, id: string, to: string, mailbox = anna) =>
  call(
    lab,
    `<m:ConvertId DestinationFormat="${to}"><m:SourceIds><t:AlternateId Format="${from}" Id="${esc(id)}" Mailbox="${mailbox}"/></m:SourceIds></m:ConvertId>`,
  );

async function convert(from: string, id: string, to: string): Promise<string> {
  const message = (await send(from, id, to)).xml().at("ResponseMessages", "ConvertIdResponseMessage");
  return message?.child("AlternateId")?.attributes.get("Id") ?? "";
}

test.each(["EntryId", "HexEntryId", "StoreId", "OwaId", "EwsLegacyId"])("an id comes back from %s as it was", async (format) => {
  const mailbox = lab.store.mailbox(anna);
  const folder = mailbox?.known("inbox");
  if (!mailbox || !folder) throw new Error("no mailbox");
  for (const id of [mailbox.add(folder, {}).id, folder.id])
    expect(await convert(format, await convert("EwsId", id, format), "EwsId")).toBe(id);
});

test.each(["anna", "nobody"])("the mailbox %s of a request is not checked: the owner of the id is answered", async (name) => {
  const id = lab.store.mailbox(ben)?.known("inbox").id ?? "";
  const received = await send("EwsId", id, "HexEntryId", `${name}@example.com`);
  const answered = received.xml().at("ResponseMessages", "ConvertIdResponseMessage")?.child("AlternateId")?.attributes;
  expect(answered?.get("Mailbox")).toBe(ben);
  const back = await send("HexEntryId", answered?.get("Id") ?? "", "EwsId", `${name}@example.com`);
  expect(back.xml().at("ResponseMessages", "ConvertIdResponseMessage")?.child("AlternateId")?.attributes.get("Id")).toBe(id);
});

test("a malformed id and an invalid address have codes of their own", async () => {
  const id = lab.store.mailbox(anna)?.known("inbox").id ?? "";
  expect(outcomes(await send("EwsId", "nonsense", "HexEntryId"))).toEqual(["Error ErrorInvalidIdMalformed"]);
  expect(outcomes(await send("HexEntryId", "0g", "EwsId"))).toEqual(["Error ErrorInvalidIdMalformed"]);
  expect(outcomes(await send("EwsId", id, "HexEntryId", "nobody"))).toEqual(["Error ErrorInvalidSmtpAddress"]);
});
