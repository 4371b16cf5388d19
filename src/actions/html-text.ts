/** Elements that begin and end on a line of their own. */
const blocks = new Set([
  "p",
  "div",
  "br",
  "tr",
  "li",
  "ul",
  "ol",
  "table",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "hr",
  "body",
  "html",
]);
/** Elements whose content nobody sees. */
const hidden = new Set(["script", "style", "head", "title"]);

const entities: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
]);

/**
 * The text of a small piece of HTML, a line per block. It is for reading, not for showing in a browser: what is not understood stays as it is.
 * One pass, linear in its length: the text was written by strangers.
 */
export function textOfHtml(html: string): string {
  const lines: string[] = [];
  let line = "";
  let at = 0;
  const say = (words: string) => {
    line += decoded(words.replace(/[\r\n\t ]+/g, " "));
  };
  // A block begins on a line of its own: where one has just ended, it does already.
  const newLine = (always: boolean) => {
    if (!always && line.trim() === "") return;
    lines.push(line.trim());
    line = "";
  };
  while (at < html.length) {
    const open = html.indexOf("<", at);
    say(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    const comment = html.startsWith("<!--", open);
    const close = comment ? html.indexOf("-->", open + 4) : html.indexOf(">", open);
    // Without an end it is no tag: the rest is text.
    if (close < 0) {
      say(html.slice(open));
      break;
    }
    at = close + (comment ? 3 : 1);
    const name = /^<\/?([a-z][a-z0-9]*)/i.exec(html.slice(open, open + 24))?.[1]?.toLowerCase() ?? "";
    if (blocks.has(name)) newLine(name === "br");
    if (hidden.has(name) && html[open + 1] !== "/") at = endOfElement(html, name, at);
  }
  return [...lines, line.trim()]
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function endOfElement(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}`, "i");
  const rest = html.slice(from);
  const found = end.exec(rest);
  return found === null ? html.length : from + found.index;
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities.get(name.toLowerCase()) ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number.parseInt(decimal, 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}
