import { expect, test } from "vitest";
import { urlOfLink } from "../../../src/graph/session/next-link.ts";

test("a link is a URL, and what is none is nothing", () => {
  expect(urlOfLink("https://graph.example/v1.0/me?$skip=10")?.host).toBe("graph.example");
  expect(urlOfLink("next page")).toBeUndefined();
});

// To be read it takes minutes.
test("a link with half a million marks in its host is none", () => {
  expect(urlOfLink(`https://a${"\u0301\u0316".repeat(250_000)}.example/`)).toBeUndefined();
});
