import type { Header } from "../../exchange/message.ts";

/**
 * Reads the headers of a received message from PidTagTransportMessageHeaders, in their order and with duplicates. `item:InternetMessageHeaders` of
 * Exchange has neither From, Sender, To nor Cc. A folded value is joined by one blank. A line without a colon is left out.
 * @see https://www.rfc-editor.org/rfc/rfc5322#section-2.2.3
 */
export function readTransportHeaders(text: string): readonly Header[] {
  return text.split(/\r?\n(?![ \t])/).flatMap((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trimEnd();
    if (colon < 1 || /[^!-9;-~]/.test(name)) return [];
    const value = line
      .slice(colon + 1)
      .split(/\r?\n/)
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .join(" ");
    return [{ name, value }];
  });
}
