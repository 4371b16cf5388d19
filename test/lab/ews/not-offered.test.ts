import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { notOffered } from "../../../src/lab/ews/not-offered.ts";
import { operations } from "../../../src/lab/ews/operations.ts";
import { labForEach } from "./item-calls.ts";
import { call, faultCode } from "./soap-client.ts";

const lab = labForEach();
const wsdl = fileURLToPath(new URL("../../../../shared/ews-schema/se-15.2.2562.17/services.wsdl", import.meta.url));
const isThere = existsSync(wsdl);
const page = readFileSync(fileURLToPath(new URL("../../../docs/lab.md", import.meta.url)), "utf8");

test.each(["GetUserAvailability", "FindConversation"])("the lab says that it does not offer %s", async (name) => {
  const received = await call(lab(), `<m:${name}/>`);
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorInvalidRequest"]);
  expect(received.xml().textAt("faultstring")).toBe(`This lab does not offer ${name}.`);
});

test("an operation that Exchange does not have either is an invalid request", async () => {
  expect((await call(lab(), "<m:GetEverything/>")).xml().textAt("faultstring")).toBe("The request is invalid.");
});

test.skipIf(!isThere)(
  `each operation of Exchange is offered, or named as missing${isThere ? "" : " (skipped: Microsoft's schema is not in ../shared)"}`,
  () => {
    const all = new Set([...readFileSync(wsdl, "utf8").matchAll(/<wsdl:operation name="(\w+)"/g)].map(([, name]) => name));
    const named = [...operations.map(({ name }) => name), ...notOffered];
    expect([...all].filter((name) => !named.includes(name ?? ""))).toEqual([]);
    expect([...notOffered].filter((name) => !all.has(name) || operations.some((one) => one.name === name))).toEqual([]);
  },
);

test("docs/lab.md names each missing operation", () => {
  const [, listed = ""] = /\nOver EWS:([\s\S]*?)\n\n/.exec(page) ?? [];
  expect([...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual([...notOffered]);
});
