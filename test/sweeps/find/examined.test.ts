import { describe, expect, test } from "vitest";
import { accountFor, demandMailboxes } from "../../../src/sweeps/find/examined.ts";

const [ann, ben, eve] = ["ann@example.com", "ben@example.com", "eve@example.com"];
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
  test("is refused, with what the finders said", () => {
    expect(() => demandMailboxes([], [], ["Message trace names 0 recipients."])).toThrow(
      expect.objectContaining({ code: "could-not-look", message: expect.stringContaining("Message trace names 0 recipients.") }),
    );
  });

  test("is made where a mailbox is named as not examined", () => {
    expect(() => demandMailboxes([], [{ mailbox: ann, code: "could-not-look", message: "x" }], [])).not.toThrow();
  });
});
