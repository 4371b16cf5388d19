import type { ItemContent } from "../item.ts";
import { htmlOfText } from "../text.ts";
import { el, esc } from "../xml.ts";
import type { ItemShape } from "./shape.ts";

/**
 * What FilterHtmlContent takes out: scripts, styles' imports, handlers and links that run. The lab's filter is coarse; it is there so that
 * a client sees that the two answers differ, as they do from Exchange.
 */
function filtered(html: string): string {
  return html
    .replace(/<(script|iframe|object|embed)\b[^>]*>[\s\S]{0,1000000}?<\/\1\s*>/gi, "")
    .replace(/<\/?(script|iframe|object|embed|form|meta|link)\b[^>]*>/gi, "")
    .replace(/\son[a-z]{1,20}\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, "")
    .replace(/(href|src)\s*=\s*(["']?)\s*javascript:[^"'>\s]*\2/gi, "");
}

/** The body in the form that was asked for: Best is what the item has. */
export function bodyAs(item: ItemContent, type: ItemShape["bodyType"]): ItemContent["body"] {
  if (type === "Text") return { type: "Text", value: item.text };
  if (type === "HTML" && item.body.type === "Text") return { type: "HTML", value: htmlOfText(item.body.value) };
  return item.body;
}

/** t:Body, or another element of t:BodyType. */
export function bodyXml(name: string, item: ItemContent, shape: ItemShape, type: ItemShape["bodyType"] = shape.bodyType): string {
  const body = bodyAs(item, type);
  const whole = body.type === "HTML" && shape.filterHtml ? filtered(body.value) : body.value;
  const limit = shape.maximumBodySize;
  const isTruncated = limit !== undefined && limit >= 0 && whole.length > limit;
  return el(
    name,
    // Exchange says IsTruncated only where a limit was asked for.
    { BodyType: body.type, IsTruncated: limit === undefined ? undefined : isTruncated },
    esc(isTruncated ? whole.slice(0, limit) : whole),
  );
}
