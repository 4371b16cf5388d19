import fc from "fast-check";
import { expect, test } from "vitest";
import { entraFailure, readEntraError } from "../../../src/wire/sign-in/entra-failure.ts";

const about = { host: "login.example.com", tenant: "t", clientId: "c", scope: "s" };
const refusal = (error: string, ...codes: number[]) => ({ error, codes, correlationId: undefined });

test.each([
  [7000215, "unauthenticated", "Value"],
  [7000222, "unauthenticated", "new client secret"],
  [700016, "unauthenticated", "client_id and tenant"],
  [90002, "unauthenticated", "tenant"],
  [700027, "unauthenticated", "upload"],
  [65001, "role-missing", "Grant admin consent"],
  [90033, "busy", "Retry"],
])("AADSTS%i becomes %s with what to do", (number, code, words) => {
  expect(entraFailure(refusal("invalid_client", number), about)).toMatchObject({
    code,
    wireCode: `AADSTS${number}`,
    hint: expect.stringContaining(words),
  });
});

test("a code that is known goes before one that is not", () => {
  expect(entraFailure(refusal("x", 1234567, 7000222), about).wireCode).toBe("AADSTS7000222");
});

test("an unknown code is returned with the page that explains it", () => {
  expect(entraFailure(refusal("x", 1234567), about)).toMatchObject({ wireCode: "AADSTS1234567", hint: expect.stringContaining("1234567") });
});

test("without a number the error name of RFC 6749 decides, and no name reaches the table's prototype", () => {
  expect(entraFailure(refusal("access_denied"), about).message).toContain("declined");
  for (const name of ["constructor", "toString", "__proto__", "other"]) {
    expect(entraFailure(refusal(name), about)).toMatchObject({ code: "unauthenticated", wireCode: name });
  }
});

test("no text of the answer gets into the failure but a word, numbers and the id", () => {
  expect(readEntraError({ error: "a b", error_codes: [1] })).toBeUndefined();
  expect(readEntraError({ error: "x\u001b[2J" })).toBeUndefined();
  expect(readEntraError({ error: "x", error_codes: ["7", -1, 2.5, 8], correlation_id: "a\nb" })).toEqual({
    error: "x",
    codes: [8],
    correlationId: undefined,
  });
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const found = readEntraError(body);
      expect(found === undefined || /^\w{1,64}$/.test(found.error)).toBe(true);
    }),
  );
});
