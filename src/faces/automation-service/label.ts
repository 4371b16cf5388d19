/** Words of field names that are not plain words, with their usual spelling. */
const abbreviations: Readonly<Record<string, string>> = {
  id: "ID",
  ids: "IDs",
  url: "URL",
  api: "API",
  html: "HTML",
  mime: "MIME",
  md5: "MD5",
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha512: "SHA-512",
  cc: "CC",
  bcc: "BCC",
  to: "To",
};

/** `internet_message_id` -> `Internet Message ID`, as the platform's own forms spell labels. */
export function labelOf(field: string): string {
  return field
    .split("_")
    .map((word) => abbreviations[word] ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}
