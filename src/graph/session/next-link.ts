/** Links to a next page have some hundred characters, with all that was asked a few thousand. */
const longestLink = 64 * 1024;

/** A link of a reply, undefined for what is none. Of a longer one the host is not read: outside of ASCII that takes time by the square of its length. */
export function urlOfLink(link: string): URL | undefined {
  return link.length <= longestLink && URL.canParse(link) ? new URL(link) : undefined;
}
