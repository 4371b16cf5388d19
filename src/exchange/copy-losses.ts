import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type CopyLoss, copyLosses } from "./exchange.ts";
import type { Message } from "./message.ts";

/** Returns what a copy lost of the state of its original. A flag is read of neither message, so it is reported as lost. */
export function lossesOf(original: Pick<Message, "receivedAt" | "isRead" | "categories">, copy: Message): readonly CopyLoss[] {
  const has: Readonly<Record<CopyLoss, boolean>> = {
    sent: copy.isDraft === false,
    received_time: isSameTime(original.receivedAt, copy.receivedAt),
    read_state: original.isRead === copy.isRead,
    categories: (original.categories ?? []).every((category) => copy.categories?.includes(category)),
    flag: false,
  };
  return copyLosses.filter((loss) => !has[loss]);
}

/** Compares times; a server may store whole seconds. */
function isSameTime(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && Math.abs(Date.parse(one) - Date.parse(other)) < 1000;
}

/** Runs what creates a message in its old folder. Throws Failure `folder-not-found` if that folder is gone. */
export async function intoOldFolder<T>(create: () => Promise<T>): Promise<T> {
  const created = await attempt(create);
  if (created.ok) return created.value;
  if (created.failure.code !== "not-found") throw created.failure;
  throw new Failure("folder-not-found", "The folder that the message was in is gone, so it was not restored.", {
    hint: "Create a folder of that name and import the evidence into it.",
    cause: created.failure,
  });
}
