import fc from "fast-check";
import { expect, test } from "vitest";
import { textOfHtml } from "../../../src/exchange/search/html-text.ts";

test.each([
  ["<html><head><title>x</title><style>p{}</style></head><body><p>Away.</p><p>Back <b>soon</b></p></body></html>", "Away.\nBack soon"],
  ["one<br>two<BR/>three", "one\ntwo\nthree"],
  ["a\r\n  b", "a b"],
  ["&lt;script&gt; &amp;amp; &#65;&#x42; &nbsp;x &unknown;", "<script> &amp; AB  x &unknown;"],
  ["<script>alert(1)</script>after", "after"],
  ["<!-- <p>no</p> -->yes", "yes"],
  ["<div>a</div>\n<div>b</div>", "a\nb"],
  ["1 < 2", "1 < 2"],
  ["plain", "plain"],
  ['<a href="https://evil.example/?a=1&amp;b=2">your bank</a>.', "your bank<https://evil.example/?a=1&b=2>."],
  ["<A class=x HREF='https://evil.example/'><img src=x></a>", "<https://evil.example/>"],
  ["<a href=https://example.com/>https://example.com/</a>", "https://example.com/"],
  ["<a href=one>1<a href=two>2<p>3", "1<one>2\n3<two>"],
  ["<a name=x>y</a>", "y"],
  ["<a data-href=x>y</a>", "y"],
  ['<a href="ht\ntps://evil.example">y</a>', "y<https://evil.example>"],
  ["&#146;&#x80;&#x81;", "’€\ufffd"],
  ["&#xd800;&#55357;&#0;&#x110000;", "\ufffd\ufffd\ufffd\ufffd"],
  ["", ""],
])("the HTML %j becomes %j", (html, text) => {
  expect(textOfHtml(html)).toBe(text);
});

test("a megabyte of tags and similar text is converted in time", () => {
  expect(textOfHtml("<".repeat(1_000_000))).toHaveLength(1_000_000);
  expect(textOfHtml("<script>".repeat(50_000))).toBe("");
  expect(textOfHtml("<p>x".repeat(250_000))).toHaveLength(499_999);
  expect(textOfHtml("<p> ".repeat(250_000))).toBe("");
  expect(textOfHtml("<a href=x> ".repeat(90_000))).toHaveLength(359_999);
  expect(textOfHtml("<!--".repeat(200_000)).length).toBeGreaterThan(0);
});

test("any HTML is converted to a text that is not much longer", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("<", ">", "p", "/", "&", ";", "#x41", "<!--", "-->", "<style>", "<a href=x>", "</a>", "x ", "\n")),
      (parts) => {
        const html = parts.join("");
        expect(textOfHtml(html).length).toBeLessThanOrEqual(html.length * 2);
      },
    ),
  );
});
