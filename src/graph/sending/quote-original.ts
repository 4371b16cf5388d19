import type { Reply } from "../../exchange/sending/draft.ts";
import { type JsonObject, textIn } from "../session/read-json.ts";

/** Puts our text above the text quoted by Exchange. Both become HTML if one of them is. */
export function withQuotedOriginal(requested: Pick<Reply, "text" | "html">, body: JsonObject | undefined): JsonObject {
  const quoted = textIn(body, "content") ?? "";
  const isText = textIn(body, "contentType")?.toLowerCase() === "text";
  if (isText && requested.html === undefined) return { contentType: "text", content: `${requested.text ?? ""}\r\n\r\n${quoted}` };
  const own = requested.html ?? escaped(requested.text ?? "");
  const below = isText ? escaped(quoted) : quoted;
  // The end of the tag is searched only once: mail can be full of tags without an end.
  const start = below.search(/<body[\s>]/i);
  const at = start < 0 ? 0 : below.indexOf(">", start) + 1;
  return { contentType: "html", content: `${below.slice(0, at)}<div>${own}</div><br>${below.slice(at)}` };
}

function escaped(text: string): string {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return safe.replace(/\r\n|\r|\n/g, "<br>\r\n");
}
