import { badRequest } from "../errors.ts";

const known = ["$filter", "$search", "$select", "$orderby", "$top", "$skip", "$skiptoken", "$count", "$expand", "$format"] as const;
type Known = (typeof known)[number];

/** Returns the system query options of a URL, by their names in lower case; other parameters are ignored. Throws GraphError. */
export function optionsOf(url: URL): ReadonlyMap<Known, string> {
  const found = new Map<Known, string>();
  for (const [name, value] of url.searchParams) {
    const lower = name.toLowerCase();
    // The dollar sign may be left out.
    const option = known.find((one) => one === lower || one === `$${lower}`);
    if (option === undefined) {
      if (lower.startsWith("$")) throw badRequest(`The query parameter '${name}' is not supported.`, "ErrorInvalidUrlQuery");
      continue;
    }
    if (found.has(option)) {
      const text = `Query option '${option}' was specified more than once, but it must be specified at most once.`;
      throw badRequest(text, "RequestBroker--ParseUri");
    }
    found.set(option, value);
  }
  return found;
}

/** Returns a whole number of at least `least`, or undefined if the option is absent. Throws GraphError. */
export function numberOption(name: "$top" | "$skip", text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw badRequest(
    `Invalid value '${text}' for ${name} query option found. The ${name} query option requires a non-negative integer value.`,
  );
}

export function flagOption(name: "$count", text: string | undefined): boolean {
  if (text === undefined) return false;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  throw badRequest(`Invalid value '${text}' for ${name} query option found. Valid values are 'true' or 'false'.`);
}

/** Splits at a separator outside of parentheses and of quotes. */
export function splitOutside(text: string, separator: "," | ";"): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (letter === "(") depth += 1;
    else if (letter === ")") depth -= 1;
    else if (letter === separator && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== "");
}
