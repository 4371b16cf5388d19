import * as z from "zod";
import { mostCharacters, mostItems } from "./limits.ts";
import { narrowing, spellings } from "./read-input.ts";

/** Splits at commas and trims. Folder paths and categories contain no commas in practice. */
export function splitCommas(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Splits at commas, semicolons and line ends outside `<…>` and, if `quotes`, outside quoted text (RFC 5322 section 3.4). */
export function splitOutside(text: string, quotes: boolean): string[] {
  const parts: string[] = [];
  const lastAngle = text.lastIndexOf(">");
  const lastQuote = text.lastIndexOf('"');
  let part = "";
  let close: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (close !== undefined) {
      if (char === close) close = undefined;
    } else if (char === "<" && at < lastAngle) close = ">";
    else if (char === '"' && quotes && at < lastQuote) close = '"';
    else if (char === "," || char === ";" || char === "\n") {
      parts.push(part.trim());
      part = "";
      continue;
    }
    part += char;
  }
  parts.push(part.trim());
  return parts.filter((each) => each !== "");
}

function texts(most: number) {
  return z.array(z.string().min(1).max(most)).max(mostItems).register(spellings, { split: splitCommas });
}

/** Returns the schema of a list of texts that may also be one comma-separated text. */
export function textList(description: string) {
  return texts(mostCharacters.id).optional().describe(description);
}

/** The same for a list that narrows: an empty one is refused. */
export function narrowingList(description: string, most: number = mostCharacters.id) {
  return texts(most).register(narrowing).optional().describe(description);
}
