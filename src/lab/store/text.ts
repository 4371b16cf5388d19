import { windows1252 } from "../mime/charset.ts";
import type { ItemContent } from "./item.ts";

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Elements with invisible content, and the text that ends them. */
const invisibleElements: readonly { readonly begin: RegExp; readonly end: RegExp }[] = [
  { begin: /^<style/i, end: /<\/style[^>]*>?/gi },
  { begin: /^<script/i, end: /<\/script[^>]*>?/gi },
  { begin: /^<title/i, end: /<\/title[^>]*>?/gi },
  { begin: /^<!--/, end: /-->/g },
];
const breaking = /^<\/?(?:br|p|div|tr|li|table|ul|ol|h[1-6]|hr|blockquote)[\s/>]/i;

/** The address of a link, in its first 4,096 characters. Addresses within the page, and those that run something, are not shown. */
const linkAddress = /^<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i;
const longestLink = 4096;

/**
 * Returns the readable text of an HTML body, as Exchange would return it for text: the address of a link follows its text, as in `here<https://…>`. Not an
 * HTML parser, but linear in the length of any input.
 */
export function textOfHtml(html: string): string {
  let out = "";
  let at = 0;
  /** The address of the open link, and where its text begins in `out`. */
  let link: { readonly address: string; readonly start: number } | undefined;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) {
      out += collapseSpace(html.slice(at));
      break;
    }
    out += collapseSpace(html.slice(at, open));
    const tag = html.slice(open, open + 16);
    if (!/^<[a-z/!?]/i.test(tag)) {
      out += "<";
      at = open + 1;
      continue;
    }
    if (breaking.test(tag)) out += "\n";
    if (link !== undefined && /^<\/?a[\s>]/i.test(tag)) {
      // A link whose text is its address is not repeated.
      if (out.slice(link.start).trim() !== link.address) out += `&lt;${link.address}&gt;`;
      link = undefined;
    }
    if (/^<a\s/i.test(tag)) link = linkAt(html.slice(open, open + longestLink), out.length);
    at = endOfTag(html, open, tag);
  }
  return decodeEntities(out)
    .replace(/[ \t]+/g, " ")
    .replace(/ ?\n ?/g, "\r\n")
    .replace(/(?:\r\n){3,}/g, "\r\n\r\n")
    .trim();
}

function linkAt(text: string, start: number): { readonly address: string; readonly start: number } | undefined {
  const [, quoted, single, bare] = linkAddress.exec(text) ?? [];
  const address = (quoted ?? single ?? bare ?? "").trim();
  return /^(?:https?|mailto|ftp|tel):/i.test(address) ? { address, start } : undefined;
}

/** White space in HTML, line ends included, is shown as one space; a non-breaking space is not white space. */
function collapseSpace(text: string): string {
  return text.replace(/[ \t\r\n\f]+/g, " ");
}

function endOfTag(html: string, open: number, tag: string): number {
  const end = invisibleElements.find(({ begin }) => begin.test(tag))?.end;
  if (!end) {
    const close = html.indexOf(">", open);
    return close < 0 ? html.length : close + 1;
  }
  end.lastIndex = open + 1;
  return end.test(html) ? end.lastIndex : html.length;
}

export function decodeEntities(text: string): string {
  return text.replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,8});/gi, (whole, name: string) => entityOf(name.toLowerCase()) ?? whole);
}

function entityOf(name: string): string | undefined {
  if (!name.startsWith("#")) return Object.hasOwn(entities, name) ? entities[name] : undefined;
  const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  // HTML reads these numbers as Windows-1252.
  if (code >= 0x80 && code <= 0x9f) return windows1252(Uint8Array.of(code));
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

export function htmlOfText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<html><body><p>${escaped.replace(/\r?\n/g, "<br>\r\n")}</p></body></html>`;
}

/** Returns the body in the requested format: Best is the item's own format. */
export function bodyAs(item: Pick<ItemContent, "body" | "text">, type: "Best" | "HTML" | "Text"): ItemContent["body"] {
  if (type === "Text") return { type: "Text", value: item.text };
  if (type === "HTML" && item.body.type === "Text") return { type: "HTML", value: htmlOfText(item.body.value) };
  return item.body;
}
