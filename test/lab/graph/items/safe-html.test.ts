import fc from "fast-check";
import { expect, test } from "vitest";
import { safeHtml } from "../../../../src/lab/graph/items/safe-html.ts";
import { anna, call, deliver, idOf, startGraphLab } from "../graph-client.ts";

test.each([
  ["a script", "<p>a</p><script>evil()</script><p>b</p>", "<p>a</p><p>b</p>"],
  ["a script in capitals, with attributes", '<SCRIPT type="text/javascript"\n>evil()</SCRIPT >x', "x"],
  ["a script that nobody ends", "x<script src=//mallory.example/a.js>evil()", "xevil()"],
  ["a script that is made of two", "<scr<script></script>ipt>evil()</script>x", "evil()x"],
  ["a comment", "a<!-- <script> -->b<!-- c", "ab"],
  ["a frame and a form", '<iframe src="https://mallory.example"></iframe><form action="/x"><input name=p></form>x', "x"],
  ["a refresh", '<meta http-equiv="refresh" content="0;url=https://mallory.example">x', "x"],
  ["a handler", '<img src="cid:a" onerror="evil()"><b ONCLICK=evil()>x</b>', '<img src="cid:a" ><b >x</b>'],
  ["an address that runs", '<a href="javascript:evil()">x</a>', "<a >x</a>"],
  ["one that is disguised", "<a href='&#106;ava\tscript:evil()'>x</a>", "<a >x</a>"],
])("%s is removed unless unsafe HTML is requested", (_, html, safe) => {
  expect(safeHtml(html)).toBe(safe);
});

test("harmless HTML is unchanged", () => {
  const html = '<html><body><p style="color:red">2 < 3 &amp; <a href="https://mallory.example/?a=1&amp;b=2">here</a></p></body></html>';
  expect(safeHtml(html)).toBe(html);
});

test("whatever comes, no script is left, and it ends", () => {
  const piece = fc.constantFrom(
    "<script>",
    "</script>",
    "<scr",
    "ipt>",
    "<svg/onload=x>",
    "<!--",
    "-->",
    '"',
    "'",
    ">",
    "<",
    "x",
    "<a href=",
    "javascript:",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expect(safeHtml(pieces.join(""))).not.toMatch(/<script>[\s\S]*<\/script>/i);
    }),
  );
});

const html = '<html><body><p onclick="evil()">Pay <script>evil()</script><a href="https://mallory.example">here</a></p></body></html>';
const unsafe = { headers: { Prefer: 'outlook.body-content-type="html", outlook.allow-unsafe-html' } };

// Looked for from each of them on, the end of the first takes minutes.
test.each(["<script>", "<script ", "<script></script ", "<svg><math>", "<a "])("half a megabyte of %j ends", (piece) => {
  expect(safeHtml(piece.repeat(500_000 / piece.length))).not.toContain("<script");
});

test("a body is returned without dangerous parts, and whole on request", async () => {
  const lab = await startGraphLab();
  const path = `/users/${anna}/messages/${idOf(deliver(lab, { headers: "Content-Type: text/html\r\n", text: html }))}`;
  const safe = '<html><body><p >Pay <a href="https://mallory.example">here</a></p></body></html>';
  expect((await call(lab, "GET", path)).at("body", "content")).toBe(safe);
  expect((await call(lab, "GET", path, undefined, unsafe)).at("body", "content")).toBe(html);
  expect((await call(lab, "GET", `${path}?$select=uniqueBody`)).at("uniqueBody", "content")).toBe(safe);
});
