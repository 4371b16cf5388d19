import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { account, certificate, clientId, cloud, mailboxes, tenant } from "../../src/setup/check-values.ts";

const id = "11111111-2222-3333-4444-555555555555";

describe("a right value is accepted", () => {
  test.each([
    [clientId, id.toUpperCase(), id],
    [tenant, "Example.onmicrosoft.com", "example.onmicrosoft.com"],
    [tenant, id, id],
    [cloud, "china", "china"],
    [account, "soc@example.com", "soc@example.com"],
    [account, "EXAMPLE\\soc", "EXAMPLE\\soc"],
    [account, "o'brien@example.com", "o'brien@example.com"],
    [certificate, "C:\\keys\\it's.cer", "C:\\keys\\it's.cer"],
  ] as const)("%o: %s", (check, text, value) => expect(check(text)).toBe(value));

  test("a list of mailboxes loses its spaces and repetitions", () => {
    expect(mailboxes(["a@example.com, b@example.com", "a@example.com"])).toEqual(["a@example.com", "b@example.com"]);
  });
});

test.each([
  [clientId, "1111"],
  [clientId, `${id}\nRemove-Mailbox`],
  [tenant, "example"],
  [tenant, "example.com;calc"],
  [tenant, "-Scopes.example.com"],
  [cloud, "__proto__"],
  [account, "soc"],
  [account, "a\\b\\c"],
  [account, "soc@example.com\n#"],
  [account, "$(calc)\u0000@example.com"],
  [account, "EXAMPLE\\so\u202ec"],
  [certificate, " "],
  [certificate, "a\nb"],
] as const)("the check %o refuses %j and names its flag", (check, text) => {
  expect(() => check(text)).toThrow(
    expect.objectContaining({ code: "invalid-input", message: expect.stringMatching(/^--[a-z-]+ is not valid; put /) }),
  );
});

test("no account or mailbox with a character that a terminal or script obeys passes its check", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
        fc.constantFrom("\n", "\r", "\u2028", "\u2029", "\u202e", "\u001b"),
      ),
      fc.constantFrom("a", ""),
      (middle, end) => {
        fc.pre(/[\p{C}\u2028\u2029]/u.test(middle));
        expect(() => account(`a${middle}${end}@example.com`)).toThrow("--account");
        expect(() => account(`EXAMPLE\\a${middle}${end}`)).toThrow("--account");
        expect(() => account(`a@exa${middle}${end}mple.com`)).toThrow("--account");
      },
    ),
  );
});
