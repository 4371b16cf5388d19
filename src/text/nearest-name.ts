/** Returns the candidate that the user of `word` most likely meant, or undefined if none is near. */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  // A third of the word may be wrong: `mesage-id` still finds `message-id`, but `foo` finds nothing.
  let limit = Math.max(1, Math.floor(word.length / 3)) + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    if (away >= limit) continue;
    limit = away;
    found = candidate;
  }
  return found;
}

/**
 * Returns ` Did you mean x?`, or an empty text if no candidate is near. One word of a name (`search`, `delete`) means the names that contain it.
 */
export function didYouMean(word: string, candidates: Iterable<string>, spell: (candidate: string) => string = (name) => name): string {
  const names = [...candidates];
  const whole = nearestName(word, names);
  const part = whole === undefined ? nearestName(word, new Set(names.flatMap(wordsOf))) : undefined;
  const found = whole === undefined ? names.filter((name) => part !== undefined && wordsOf(name).includes(part)) : [whole];
  return found.length === 0 || found.length > 4 ? "" : ` Did you mean ${found.map(spell).join(" or ")}?`;
}

/** Shorter words occur in too many names. */
function wordsOf(name: string): string[] {
  return name.split(/[-_]/).filter((word) => word.length > 3);
}

/**
 * Counts the edits between two words: an insertion, deletion, replacement or swap of neighbours counts as one (optimal string alignment distance).
 */
function distance(a: string, b: string): number {
  // No user types names of this length; a hostile one must not cost quadratic time.
  if (a.length > 64 || b.length > 64) return a === b ? 0 : Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
