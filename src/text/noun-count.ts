/** Returns a number with its noun: `counted(1, "mailbox")` is "1 mailbox". Name `many` if more than the end of the noun differs. */
export function counted(count: number, one: string, many: string = pluralOf(one)): string {
  return `${count} ${count === 1 ? one : many}`;
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
