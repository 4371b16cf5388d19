import type { ItemContent } from "../../store/item.ts";
import { bodyAs } from "../../store/text.ts";
import { el, esc } from "../../xml.ts";
import type { ItemShape } from "../search/item-shape.ts";

/** Removes whole elements that run or load something. Linear in the length of any text: each search continues where the last one ended. */
function withoutActiveElements(html: string): string {
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const unclosed = new Set<string>();
  const start = /<(script|iframe|object|embed)\b/g;
  let kept = "";
  let at = 0;
  for (let found = start.exec(lower); found !== null; found = start.exec(lower)) {
    const name = found[1] ?? "";
    const end = unclosed.has(name) ? -1 : lower.indexOf(`</${name}`, start.lastIndex);
    if (end < 0) {
      unclosed.add(name);
      continue;
    }
    kept += html.slice(at, found.index);
    const close = lower.indexOf(">", end);
    at = close < 0 ? html.length : close + 1;
    start.lastIndex = at;
  }
  return kept + html.slice(at);
}

/**
 * Removes what FilterHtmlContent removes: elements, handlers and links that run something. The filter is coarse; it lets a client see that the two
 * replies differ, as with Exchange.
 */
function filterHtml(html: string): string {
  return withoutActiveElements(html)
    .replace(/<\/?(script|iframe|object|embed|form|meta|link)\b[^<>]*>/gi, "")
    .replace(/\son[a-z]{1,20}=("[^"<>]*"|'[^'<>]*'|[^\s<>"']+)/gi, "")
    .replace(/(href|src)=(["']?)javascript:[^"'<>\s]*\2/gi, "");
}

/** t:Body, or another element of t:BodyType. */
export function bodyXml(name: string, item: ItemContent, shape: ItemShape, type: ItemShape["bodyType"] = shape.bodyType): string {
  const body = bodyAs(item, type);
  const whole = body.type === "HTML" && shape.filterHtml ? filterHtml(body.value) : body.value;
  const limit = shape.maximumBodySize;
  const isTruncated = limit !== undefined && limit >= 0 && whole.length > limit;
  return el(
    name,
    // Exchange writes IsTruncated only if a limit was requested.
    { BodyType: body.type, IsTruncated: limit === undefined ? undefined : isTruncated },
    esc(isTruncated ? whole.slice(0, limit) : whole),
  );
}
