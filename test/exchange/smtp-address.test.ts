import { describe, expect, test } from "vitest";
import { isX500, withSmtpAddress } from "../../src/exchange/smtp-address.ts";

const dn = "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN=1F2E-LEFT";
const smtp = "left@example.com";

describe("the SMTP address that a message keeps beside an address", () => {
  test.each([
    [{ name: "Left", address: dn }],
    [{ name: "Left", address: dn.toLowerCase(), routingType: "EX" }],
    [{ name: "Left", address: "left", routingType: "EX" }],
  ])("takes the place of an X.500 address, which is kept to be searched: %j", (own) => {
    expect(isX500(own)).toBe(true);
    expect(withSmtpAddress(own, smtp)).toEqual({ name: "Left", address: smtp, routingType: "SMTP", x500: own.address });
  });

  test("takes the place of an address that is missing", () => {
    expect(withSmtpAddress({ name: "Left" }, smtp)).toMatchObject({ name: "Left", address: smtp });
  });

  // What the message says of its sender must not be hidden by a property beside it.
  test.each([
    [{ name: "A", address: "a@example.net" }, smtp],
    [{ name: "A", address: "a@example.net", routingType: "SMTP" }, smtp],
    [{ name: "A", address: dn }, undefined],
    [{ name: "A", address: dn }, dn],
    [{ name: "A", address: dn }, ""],
    [undefined, smtp],
  ])("changes nothing else: %j", (own, beside) => {
    expect(withSmtpAddress(own, beside)).toBe(own);
  });
});
