import fc from "fast-check";
import { expect, test } from "vitest";
import { htmlOfText, textOfHtml } from "../../../src/lab/store/text.ts";

test("the text of HTML is the text that a reader sees", () => {
  const html =
    "<html><head><title>No</title><style>p{}</STYLE></head><body><!-- <p>no --><p>One &amp; two</p>\n<div>1 < 2&nbsp;&#x41;&euro;</div><script>no()</script></body>";
  expect(textOfHtml(html)).toBe("One & two\r\n\r\n1 < 2\u00a0A&euro;");
});

test("a numeric reference to a C1 control character becomes the Windows-1252 character", () => {
  expect(textOfHtml("&#146;&#x80;&#x81;")).toBe("’€\ufffd");
});

test("broken HTML ends the text, it does not throw or hang", () => {
  for (const html of [
    "<",
    "a<b",
    "<style>never closed",
    "<!-- never",
    "&#0;&#xd800;&#x110000;",
    "<p",
    `${"<style>".repeat(20_000)}x`,
    "<".repeat(200_000),
  ]) {
    expect(typeof textOfHtml(html)).toBe("string");
  }
  fc.assert(fc.property(fc.string(), (html) => textOfHtml(html).length >= 0));
});

test("text made into HTML reads as the same text", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[!-~]{1,20}$/), { minLength: 1, maxLength: 5 }), (lines) => {
      expect(textOfHtml(htmlOfText(lines.join("\r\n")))).toBe(lines.join("\r\n"));
    }),
  );
});
