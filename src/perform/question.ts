import type { Action, Context, Details, Effect, Prepared, Row, Target } from "../catalogue/action-definition.ts";
import { attempt } from "../outcome.ts";

/** The planned change, for the person who must confirm it. */
export interface Plan {
  readonly action: string;
  readonly title: string;
  readonly effect: Effect;
  readonly mailbox: string;
  /** The noun for an item and the participle for the change: `message`, `deleted`. */
  readonly noun: string;
  readonly done: string;
  /** The most useful columns, first. */
  readonly columns: readonly string[];
  /** The columns that identify each item. The sender of the message wrote their text. */
  readonly rows: readonly Row[];
  /** Reads the further facts for a decision. Only called if a person is asked. Throws Failure. */
  readonly question: () => Promise<Question>;
}

/** The facts that a person needs for a decision. */
export interface Question extends Details {
  /** The items of the plan, with their folders if those can be read. */
  readonly rows: readonly Row[];
}

/** Reads the details of the call, and the folder of each item. Throws Failure. */
export async function questionOf(prepared: Prepared, targets: readonly Target[], context: Context): Promise<Question> {
  const details = (await prepared.details?.(targets, context)) ?? {};
  return { ...details, rows: await withFolders(targets, context) };
}

/** Requests each folder once. An unreadable folder is left out of the question. Throws Failure `cancelled`. */
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

/** Returns the noun for an item and the participle for what was done. */
export function itemWordsOf(
  { noun = "item" }: Pick<Action, "noun">,
  { done = "done" }: Pick<Prepared, "done">,
): Pick<Plan, "noun" | "done"> {
  return { noun, done };
}
