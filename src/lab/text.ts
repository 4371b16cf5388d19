const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** The readable text of an HTML body: what Exchange would give as text. Not a parser of HTML, and linear in its length whatever it is given. */
export function textOfHtml(html: string): string {
  let out = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    out += html.slice(at, open < 0 ? html.length : open);
    if (open < 0) break;
    const hidden = /^<(style|script|title|!--)/i.exec(html.slice(open, open + 8))?.[1]?.toLowerCase();
    const end = hidden === undefined ? ">" : hidden === "!--" ? "-->" : `</${hidden}`;
    // Tags are written in either case; a lower-case copy of the rest would make this quadratic, so only the two usual spellings are looked for.
    const close = firstOf(html, [end, end.toUpperCase()], open + 1);
    if (close < 0) break;
    const tag = /^<\/?([a-z0-9]+)/i.exec(html.slice(open, open + 16))?.[1]?.toLowerCase();
    if (tag === "br" || tag === "p" || tag === "div" || tag === "tr" || tag === "li" || tag === "h1" || tag === "h2") out += "\n";
    at = end.startsWith("</") ? afterTag(html, close) : close + end.length;
  }
  return out
    .replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,8});/gi, (whole, name: string) => entityOf(name.toLowerCase()) ?? whole)
    .replace(/[ \t]+/g, " ")
    .replace(/ ?\r?\n ?/g, "\r\n")
    .replace(/(?:\r\n){3,}/g, "\r\n\r\n")
    .trim();
}

function firstOf(text: string, wanted: readonly string[], from: number): number {
  const found = wanted.map((one) => text.indexOf(one, from)).filter((at) => at >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}

function afterTag(html: string, at: number): number {
  const close = html.indexOf(">", at);
  return close < 0 ? html.length : close + 1;
}

function entityOf(name: string): string | undefined {
  if (!name.startsWith("#")) return entities[name];
  const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

export function htmlOfText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<html><body><p>${escaped.replace(/\r?\n/g, "<br>\r\n")}</p></body></html>`;
}
