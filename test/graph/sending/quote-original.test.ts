import { expect, test } from "vitest";
import { withQuotedOriginal } from "../../../src/graph/sending/quote-original.ts";

test("our text is placed inside the body of the quoted HTML, or above text without one", () => {
  const over = (content: string) => withQuotedOriginal({ text: "No" }, { contentType: "html", content }).content;
  expect(over('<html><BODY class="x"><p>Yes?</p></BODY></html>')).toBe('<html><BODY class="x"><div>No</div><br><p>Yes?</p></BODY></html>');
  expect(over("<p>Yes?</p>")).toBe("<div>No</div><br><p>Yes?</p>");
  expect(over("<bodyguard>Yes?")).toBe("<div>No</div><br><bodyguard>Yes?");
});

// Looked for from each of them on, the end of the first takes minutes.
test("a megabyte of unfinished body tags is quoted like other text", () => {
  const content = "<body ".repeat(250_000);
  expect(withQuotedOriginal({ text: "No" }, { contentType: "html", content }).content === `<div>No</div><br>${content}`).toBe(true);
});
