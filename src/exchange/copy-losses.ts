import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type CopyLoss, copyLosses } from "./exchange.ts";
import type { Flag, Message } from "./message.ts";

/** Returns what a copy lost of the state of its original. A flag that was not read of both is reported as lost. */
export function lossesOf(original: Pick<Message, "receivedAt" | "isRead" | "categories" | "flag">, copy: Message): readonly CopyLoss[] {
  const has: Readonly<Record<CopyLoss, boolean>> = {
    sent: copy.isDraft === false,
    received_time: isSameTime(original.receivedAt, copy.receivedAt),
    read_state: original.isRead === copy.isRead,
    categories: (original.categories ?? []).every((category) => copy.categories?.includes(category)),
    flag: original.flag !== undefined && copy.flag !== undefined && isSameFlag(original.flag, copy.flag),
  };
  return copyLosses.filter((loss) => !has[loss]);
}

/** Returns what an import of an export lacks. A property of the original that is not known counts as kept: the export contains all properties. */
export function lossesOfImport(original: Parameters<typeof lossesOf>[0], copy: Message): readonly CopyLoss[] {
  return lossesOf(
    {
      receivedAt: original.receivedAt ?? copy.receivedAt,
      isRead: original.isRead ?? copy.isRead,
      categories: original.categories ?? copy.categories,
      flag: original.flag ?? copy.flag,
    },
    copy,
  );
}

/** Compares times; a server may store whole seconds. */
function isSameTime(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && Math.abs(Date.parse(one) - Date.parse(other)) < 1000;
}

/** Compares the status and the days: Exchange keeps no time of day of a flag's dates. */
export function isSameFlag(one: Flag, other: Flag): boolean {
  const day = (time: string | undefined) => time?.slice(0, "2026-11-30".length);
  return one.status === other.status && day(one.startAt) === day(other.startAt) && day(one.dueAt) === day(other.dueAt);
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
