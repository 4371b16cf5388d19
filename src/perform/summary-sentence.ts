import type { Action, Prepared, Remarks } from "../catalogue/action-definition.ts";
import type { Answer } from "../catalogue/answer-envelope.ts";
import { searchExtentOf } from "../exchange/search/absence.ts";
import type { Item } from "./items.ts";

/** Counts how often each word occurs. */
function countWords(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Counts the results of the items that are done, and of missing items whose fate the action knows (`known`). */
function countOutcomes(
  items: readonly Item[],
  { each }: Pick<Action, "each">,
  prepared: Pick<Prepared, "did">,
  done: string,
): { readonly did: ReadonlyMap<string, number>; readonly known: ReadonlySet<Item> } {
  const known = new Set<Item>();
  const words = items.flatMap((item) => {
    if (item.status === "done") return [prepared.did?.(item.answered ?? {}) ?? done];
    const own = Object.fromEntries(Object.entries(item.row).filter(([name]) => each !== undefined && Object.hasOwn(each.shape, name)));
    const isTold = item.status === "not_found" && Object.keys(own).length > 0 && each?.safeParse(own).success === true;
    const what = isTold ? prepared.did?.(own) : undefined;
    if (what !== undefined) known.add(item);
    return what ?? [];
  });
  return { did: countWords(words), known };
}

/** Returns the results in one sentence: `2 of 3 messages deleted; 1 failed: She will not.` */
export function sentenceOf(
  items: readonly Item[],
  action: Pick<Action, "each">,
  words: Pick<Prepared, "did"> & { readonly noun: string; readonly done: string },
  counts: Answer["counts"],
  planned: number,
  remarks: Remarks,
): string {
  const { did, known } = countOutcomes(items, action, words, words.done);
  const others = items.filter((item) => !known.has(item));
  return buildSentence(words, { ...counts, not_found: counts.not_found - known.size }, planned, did, others, remarks);
}

function buildSentence(
  { noun, done }: { readonly noun: string; readonly done: string },
  counts: Answer["counts"],
  planned: number,
  did: ReadonlyMap<string, number>,
  items: readonly Item[],
  { truncated, incomplete, archive }: Remarks,
): string {
  const { requested, failed, not_found } = counts;
  const why = items.find((item) => item.status === "failed")?.failure;
  const rest = [
    archive === "not_searched" ? "; an archive mailbox was not searched: set archive to include it" : "",
    truncated ? "; a limit of the call left out more" : "",
    incomplete ? "; something could not be searched or read" : "",
    ".",
  ].join("");
  if (requested === 0) return `No ${noun}s found${rest}`;
  const tallies: [number, string][] = [
    [planned, `would be ${done}`],
    ...[...did].map(([what, number]): [number, string] => [number, what]),
    [not_found, `not found${whereOf(items)}`],
    // The other items have their own reason; a line has room for one.
    [failed, `failed${why === undefined ? "" : `${failed > 1 ? ", the first" : ""}: ${why.message.replace(/\.$/, "")}`}`],
  ];
  const clauses = tallies.filter(([number]) => number > 0);
  const parts = clauses.map(([number, what], at) => {
    if (at > 0) return `${number} ${what}`;
    return `${number === requested ? count(number, noun) : `${number} of ${count(requested, noun)}`} ${what}`;
  });
  return `${parts.join("; ")}${rest}`;
}

/** Returns where the missing items were searched for, if that is the same for all; otherwise each result has it. */
function whereOf(items: readonly Item[]): string {
  const where = new Set(items.flatMap(({ looked }) => (looked === undefined ? [] : [searchExtentOf(looked)])));
  const [only] = where;
  return where.size === 1 ? ` ${only}` : "";
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
