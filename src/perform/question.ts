import type { Action, Context, Details, Effect, Prepared, Row, Target } from "../catalogue/action-definition.ts";
import { attempt } from "../outcome.ts";

/** What is about to be done, for the person who is asked. */
export interface Plan {
  readonly action: string;
  readonly title: string;
  readonly effect: Effect;
  readonly mailbox: string;
  /** What one item is called, and what will have become of it: `message`, `deleted`. */
  readonly noun: string;
  readonly done: string;
  /** The columns that tell most, first. */
  readonly columns: readonly string[];
  /** The columns that name each item. Text in them was written by the sender of the message. */
  readonly rows: readonly Row[];
  /** Reads what else a person must know before a yes: only called when a person is asked. Throws Failure. */
  readonly question: () => Promise<Question>;
}

/** What a person must know before a yes. */
export interface Question extends Details {
  /** As in the plan, with the folder that each item lies in where that can be seen. */
  readonly rows: readonly Row[];
}

/** Reads the details of the call, and the folder of each item. Throws Failure. */
export async function questionOf(prepared: Prepared, targets: readonly Target[], context: Context): Promise<Question> {
  const details = (await prepared.details?.(targets, context)) ?? {};
  return { ...details, rows: await withFolders(targets, context) };
}

/** Each folder is asked for once. One that cannot be looked at is left out: the question then shows none. Throws Failure `cancelled`. */
async function withFolders(targets: readonly Target[], context: Context): Promise<readonly Row[]> {
  const paths = new Map<string, string | undefined>();
  const rows: Row[] = [];
  for (const { row, message } of targets) {
    const id = row.folder_path === undefined ? message?.parentFolderId : undefined;
    if (id !== undefined && !paths.has(id)) {
      const found = await attempt(() => context.mailbox.folder(id));
      if (!found.ok && found.failure.code === "cancelled") throw found.failure;
      paths.set(id, found.ok ? found.value.path : undefined);
    }
    const folder_path = id === undefined ? undefined : paths.get(id);
    rows.push(folder_path === undefined ? row : { ...row, folder_path });
  }
  return rows;
}

/** What one item is called, and what has become of it when it is done. */
export function itemWordsOf(
  { noun = "item" }: Pick<Action, "noun">,
  { done = "done" }: Pick<Prepared, "done">,
): Pick<Plan, "noun" | "done"> {
  return { noun, done };
}
