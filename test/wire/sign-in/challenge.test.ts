import fc from "fast-check";
import { expect, test } from "vitest";
import { challengesOf } from "../../../src/wire/sign-in/challenge.ts";

const shown = (header: string | undefined) =>
  challengesOf(header).map(({ scheme, token, parameters }) => [scheme, token, Object.fromEntries(parameters)]);

test.each([
  ["no header", undefined, []],
  ["an empty header", "", []],
  [
    "what Exchange offers",
    "Negotiate, NTLM",
    [
      ["negotiate", undefined, {}],
      ["ntlm", undefined, {}],
    ],
  ],
  ["the message of a handshake", "NTLM TlRMTVNTUAACAAAA==", [["ntlm", "TlRMTVNTUAACAAAA==", {}]]],
  [
    "several schemes with parameters, and a comma in quotes",
    'Basic realm="mail, of \\"us\\"", charset=UTF-8, Bearer client_id="1", Negotiate',
    [
      ["basic", undefined, { realm: 'mail, of "us"', charset: "UTF-8" }],
      ["bearer", undefined, { client_id: "1" }],
      ["negotiate", undefined, {}],
    ],
  ],
  ["empty places in the list", ",, NTLM ,", [["ntlm", undefined, {}]]],
  ["a quote that does not end", 'Basic realm="mail, NTLM', [["basic", undefined, {}]]],
  ["a parameter of nothing", "realm=x, NTLM", [["ntlm", undefined, {}]]],
])("%s is read", (_, header, expected) => {
  expect(shown(header)).toEqual(expected);
});

test("no header is too strange to be read, and schemes come out in lower case", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("N", "a", " ", ",", '"', "=", "\\", "/", "\t") }), (header) => {
      for (const { scheme } of challengesOf(header)) expect(scheme).toBe(scheme.toLowerCase());
    }),
  );
});
