import { decodeEntities } from "../../store/text.ts";

/** Elements that are removed with their content. */
const activeElements = "script|iframe|object|embed|applet|frameset|noscript|form|template|svg|math";
/** Elements of which only the tag is removed: they have no content, or no end tag. */
const tags = `${activeElements}|base|link|meta|frame|param|source|input|button`;

const withContent = new RegExp(`<(${activeElements})\\b[^<>]*>(?:(?!<\\1\\b)[\\s\\S])*?</\\1\\b[^<>]*>`, "gi");
const tagAlone = new RegExp(`</?(?:${tags})\\b[^>]*>?`, "gi");
const attribute = /([\s/"'])([a-z][\w:-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;

/** A removal may join separate text into a new element, so there are several rounds, up to this number. */
const maxRounds = 8;

/**
 * Returns HTML without its harmful parts, as Graph does unless `Prefer: outlook.allow-unsafe-html` requests all of it: no scripts, frames, forms, handlers
 * or script addresses. Microsoft does not document exactly what Graph removes. This is not an HTML parser, and for practice only. @see
 * https://learn.microsoft.com/en-us/graph/api/message-get
 */
export function safeHtml(html: string): string {
  let safe = html.replace(/<!--[\s\S]*?(?:-->|$)/g, "");
  for (let round = 0; round < maxRounds; round += 1) {
    const before = safe;
    safe = safe.replace(withContent, "").replace(tagAlone, "");
    if (safe === before) break;
  }
  return safe.replace(/<[a-z][^>]*(?:>|$)/gi, (tag) =>
    tag.replace(attribute, (whole, before: string, name: string, value: string) =>
      /^on|^srcdoc$/i.test(name) || isScriptUrl(value) ? before : whole,
    ),
  );
}

/** Whether an address runs something, however it is written. */
function isScriptUrl(value: string): boolean {
  const address = decodeEntities(value.replace(/^["']|["']$/g, "")).replace(/[\p{Cc}\s]/gu, "");
  return /^(?:javascript|vbscript|data:text\/html)/i.test(address);
}
