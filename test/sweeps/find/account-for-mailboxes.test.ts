import { describe, expect, test } from "vitest";
import { accountFor, demandMailboxes } from "../../../src/sweeps/find/account-for-mailboxes.ts";

const [ann, ben, eve] = ["ann@example.com", "ben@example.com", "eve@example.com"];
const none = { addresses: [], unlisted: [], leftOut: [], finders: [] };
const nothing = { targets: [], problems: [] };

describe("the account of a plan's mailboxes", () => {
  test("counts a mailbox as examined only after a look without a problem", () => {
    expect(accountFor([ann, ben], [nothing, nothing], [{ mailbox: "BEN@example.com" }, { mailbox: ben }, { mailbox: eve }])).toEqual({
      examined: [ann],
      unexamined: 2,
    });
  });

  test("fails loudly for a mailbox that is neither examined nor named", () => {
    expect(() => accountFor([ann, ben, eve], [nothing, undefined, nothing], [])).toThrow(
      expect.objectContaining({ code: "internal", message: expect.stringMatching(/2 of 3 mailboxes .*ben@example\.com/) }),
    );
  });

  test("takes a mailbox that was not opened as named with its reason", () => {
    expect(accountFor([ann, ben], [nothing, undefined], [{ mailbox: ben }])).toEqual({ examined: [ann], unexamined: 1 });
  });
});

describe("a plan without a mailbox", () => {
  test("is refused, with the messages of the finders", () => {
    expect(() =>
      demandMailboxes({ ...none, finders: ["Message trace names 1 recipient."], leftOut: [{ mailbox: eve, message: "It is outside." }] }),
    ).toThrow(
      expect.objectContaining({
        code: "could-not-look",
        message: expect.stringMatching(/Message trace names 1 recipient\. 1 left out, such as eve@example\.com: It is outside\.$/),
      }),
    );
  });

  test("is made where a mailbox is named as not examined", () => {
    expect(() => demandMailboxes({ ...none, unlisted: [{ mailbox: ann, code: "could-not-look", message: "x" }] })).not.toThrow();
  });
});
