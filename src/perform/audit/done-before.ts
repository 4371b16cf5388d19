import * as z from "zod";
import { sameMessageId } from "../../exchange/search/match-filters.ts";
import { openRegular } from "../../files/regular-file.ts";
import { parseJson } from "../../text/parse-json.ts";

/** A question to the audit log. */
export interface DoneBefore {
  readonly action: string;
  readonly mailbox: string;
  /** Item ids and Message-IDs. */
  readonly names: readonly string[];
}

/** How far back the log is read: some ten thousand calls. A second deletion follows soon, and a sweep asks once for each mailbox. Bytes. */
const lookBack = 8 * 1024 * 1024;

const Ended = z.object({
  phase: z.literal("ended"),
  action: z.string(),
  mailbox: z.string(),
  targets: z.array(z.object({ item_id: z.string().optional(), internet_message_id: z.string().optional() })),
  outcome: z.array(z.object({ status: z.string(), action: z.string().optional() })),
});

/** Returns the names on which the action was done in this mailbox, as the audit log states. None if the log cannot be read. */
export async function doneBefore(file: string, { action, mailbox, names }: DoneBefore): Promise<ReadonlySet<string>> {
  const done = new Set<string>();
  for (const line of (await endOf(file)).split("\n")) {
    // Most lines are about something else and are not parsed.
    if (!line.includes('"ended"') || !line.includes(action)) continue;
    const entry = Ended.safeParse(parseJson(line)).data;
    if (entry?.action !== action || entry.mailbox.toLowerCase() !== mailbox.toLowerCase()) continue;
    for (const [at, target] of entry.targets.entries()) {
      if (entry.outcome[at]?.status !== "done") continue;
      for (const name of names) if (isNamed(target, name)) done.add(name);
    }
  }
  return done;
}

function isNamed(
  { item_id, internet_message_id }: { item_id?: string | undefined; internet_message_id?: string | undefined },
  name: string,
) {
  return item_id === name || (internet_message_id !== undefined && sameMessageId(internet_message_id, name));
}

async function endOf(file: string): Promise<string> {
  try {
    const handle = await openRegular(file);
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - lookBack);
      const bytes = Buffer.alloc(size - from);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      return bytes.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    // The log does not exist yet, or we may not read it: then it shows nothing.
    return "";
  }
}
