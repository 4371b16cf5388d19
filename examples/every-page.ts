// Go through a search of any length, page by page, newest first over all mailboxes, and count the senders.
//   node examples/every-page.ts 1440        (of the last day)
import { loadSettings, open, perform, searchEmailsExtended } from "mailcordon";

const last_minutes = Number(process.argv[2] ?? 1440);
const host = await open(await loadSettings());
const senders = new Map<string, number>();
let cursor: string | undefined;
do {
  const page = await perform(searchEmailsExtended, { mailboxes: ["all"], last_minutes, limit: 20, fields: ["from"], cursor }, host);
  if (page.error) throw new Error(page.error.message);
  for (const { from } of page.items ?? []) senders.set(from?.address ?? "unknown", (senders.get(from?.address ?? "unknown") ?? 0) + 1);
  cursor = page.next_cursor;
} while (cursor !== undefined);
for (const [sender, count] of [...senders].sort((a, b) => b[1] - a[1])) console.log(`${count} ${sender}`);
await host.exchange.close();
