import fc from "fast-check";
import { expect, test } from "vitest";
import { htmlOfText, textOfHtml } from "../../../src/lab/store/text.ts";

test("the text of HTML is the text that a reader sees", () => {
  const html =
    "<html><head><title>No</title><style>p{}</STYLE></head><body><!-- <p>no --><p>One &amp; two</p>\n<div>1 < 2&nbsp;&#x41;&euro;</div><script>no()</script></body>";
  expect(textOfHtml(html)).toBe("One & two\r\n\r\n1 < 2\u00a0A&euro;");
});

test.each([
  [`<p>Click <a href="https://pay.example.com/?a=1&amp;b=2">here</a> now</p>`, "Click here<https://pay.example.com/?a=1&b=2> now"],
  [`<a class=x HREF='http://example.com/a'><b>two words</b></a>`, "two words<http://example.com/a>"],
  [`<a href=http://example.com>x</a>`, "x<http://example.com>"],
  [`<a href="https://example.com/">https://example.com/</a>`, "https://example.com/"],
  [`<a href="mailto:soc@example.com">us</a>`, "us<mailto:soc@example.com>"],
  [`<a href="#top">up</a> <a name="top">top</a> <a href="javascript:run()">run</a>`, "up top run"],
  [
    `<a href="https://one.example.com">one<a href="https://two.example.com">two</a>`,
    "one<https://one.example.com>two<https://two.example.com>",
  ],
  [`<abbr href="https://example.com">x</abbr>`, "x"],
])("the text of %s keeps the address of the link", (html, expected) => {
  expect(textOfHtml(html)).toBe(expected);
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
    "<a ".repeat(100_000),
    `<a href="${"x".repeat(200_000)}`,
    `<a ${"href ".repeat(50_000)}`,
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
