// Delete one message from every mailbox: search first, keep a copy of each, delete, and verify that it is gone.
//   node examples/take-out.ts '<id@mailer.example.net>' --really
import { deleteEmail, loadSettings, open, perform, searchEmailsExtended } from "mailcordon";

const [messageId = "", really] = process.argv.slice(2);
const host = await open(await loadSettings());
const everywhere = { mailboxes: ["all"], internet_message_id: [messageId], limit: 1000 };

const found = await perform(searchEmailsExtended, everywhere, host);
console.log(found.message);
const byMailbox = new Map<string, string[]>();
for (const { mailbox, item_id } of found.items ?? []) byMailbox.set(mailbox, [...(byMailbox.get(mailbox) ?? []), item_id]);

for (const [mailbox, item_id] of byMailbox) {
  const answer = await perform(
    deleteEmail,
    // Delete as many as were found, or none: somebody may have moved one meanwhile.
    { mailbox, item_id, expected_count: item_id.length, keep_evidence: true, dry_run: really !== "--really" },
    { ...host, confirm: async () => true },
  );
  console.log(`${mailbox}: ${answer.message}`);
  for (const { evidence, verified } of answer.results ?? []) if (evidence) console.log(`  ${evidence.file_ref}, gone: ${verified}`);
}

const left = await perform(searchEmailsExtended, everywhere, host);
console.log(`Left: ${left.items?.length}`);
await host.exchange.close();
