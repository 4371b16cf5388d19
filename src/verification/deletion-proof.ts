import type { Context, Row, Selected } from "../catalogue/action-definition.ts";
import { isAbsent, type Located } from "../exchange/search/absence.ts";
import { throwDefect } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";

/** The folders of the Recoverable Items, by the names that an answer gives them. Old versions of a message prove no deletion: Versions is never searched. */
export const recoverableFolders = ["deletions", "purges", "versions"] as const;
type RecoverableFolder = (typeof recoverableFolders)[number];

const searchedFolders = ["deletions", "purges"] as const;

/** Which of the Recoverable Items were searched for a message. */
export function recoverableSearch(searched: readonly RecoverableFolder[]) {
  return { searched, not_searched: recoverableFolders.filter((name) => !searched.includes(name)) };
}

/** What shows that a missing message was there: a copy in the Recoverable Items, or the audit log. A folder that cannot be searched shows nothing. */
export async function findDeletionProof(chosen: readonly Selected[], context: Context<"locate">): Promise<ReadonlyMap<Selected, Row>> {
  const shown = new Map<Selected, Row>();
  const missing = chosen.filter(({ outcome }) => outcome.ok && isAbsent(outcome.value));
  if (missing.length === 0) return shown;
  const searched = new Map<Selected, RecoverableFolder[]>();
  for (const folder of searchedFolders) {
    const named = missing.filter((selected) => !shown.has(selected)).flatMap(namedInMailbox);
    for (const [at, outcome] of (await locateIn(folder, named, context)).entries()) {
      const one = named[at];
      if (one === undefined || !outcome.ok) continue;
      const folders = [...(searched.get(one.selected) ?? []), folder];
      searched.set(one.selected, folders);
      const copy = isAbsent(outcome.value) ? undefined : outcome.value.messages[0];
      if (copy === undefined) continue;
      const row = { action: "already_gone", shown_by: "recoverable_items", recoverable: folder === "deletions" };
      shown.set(one.selected, { ...row, new_item_id: copy.itemId, recoverable_items: recoverableSearch(folders) });
    }
  }
  const others = missing.filter((selected) => !shown.has(selected));
  const done = others.length === 0 ? undefined : await context.doneBefore?.(others.flatMap(namesOf));
  for (const selected of others) {
    const row = { action: "already_gone", shown_by: "audit", recoverable_items: recoverableSearch(searched.get(selected) ?? []) };
    if (namesOf(selected).some((name) => done?.has(name))) shown.set(selected, row);
  }
  return shown;
}

interface NamedInMailbox {
  readonly selected: Selected;
  readonly internetMessageId: string;
}

/** A message named by its Message-ID that was looked for in the whole mailbox. */
function namedInMailbox(selected: Selected): readonly NamedInMailbox[] {
  const { internet_message_id } = selected.asked;
  const isMeant = selected.outcome.ok && isAbsent(selected.outcome.value) && selected.outcome.value.absentFrom.places.includes("mailbox");
  return isMeant && typeof internet_message_id === "string" ? [{ selected, internetMessageId: internet_message_id }] : [];
}

/** Empty where the back end does not reach the folder. */
async function locateIn(
  folder: RecoverableFolder,
  named: readonly NamedInMailbox[],
  { mailbox }: Context<"locate">,
): Promise<readonly Outcome<Located>[]> {
  if (named.length === 0) return [];
  const located = await attempt(async () => {
    const outcomes: Outcome<Located>[] = [];
    for await (const outcome of mailbox.locate(named, { folder: `recoverableitems${folder}` })) outcomes.push(outcome);
    return outcomes;
  });
  if (located.ok) return located.value;
  throwDefect(located.failure);
  if (located.failure.code === "cancelled") throw located.failure;
  return [];
}

function namesOf({ asked: requested }: Selected): readonly string[] {
  return [requested.item_id, requested.internet_message_id].filter((name) => typeof name === "string");
}
