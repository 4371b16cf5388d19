import { expect, test } from "vitest";
import { checkedUrl, domainOf } from "../../../src/ews/autodiscover/trusted-urls.ts";

const marks = "\u0301\u0316".repeat(250_000);

test("the domain of an address is the host that its URLs have", () => {
  expect(domainOf("soc@B\u00fccher.example")).toBe("xn--bcher-kva.example");
  expect(domainOf("soc@localhost")).toBeUndefined();
});

// To be read as hosts they take minutes.
test("a host of half a million marks is neither a domain nor a valid URL", () => {
  expect(domainOf(`soc@a${marks}.example`)).toBeUndefined();
  expect(() => checkedUrl(`https://a${marks}.example/`, new URL("https://autodiscover.example.com/"))).toThrow("invalid URL");
});
