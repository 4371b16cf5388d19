// Keep every copy of one message as .eml with its hashes, and list its attachments, those of attached messages included.
//   node examples/keep-evidence.ts '<id@mailer.example.net>'
import { downloadMailAsEml, getAttachments, loadSettings, open, perform, searchEmailsExtended } from "mailcordon";

const [messageId = ""] = process.argv.slice(2);
const host = await open(await loadSettings());

const found = await perform(searchEmailsExtended, { mailboxes: ["all"], internet_message_id: [messageId], limit: 1000 }, host);
console.log(found.message);
for (const { mailbox, item_id, folder_path } of found.items ?? []) {
  console.log(`${mailbox}, ${folder_path}`);
  const kept = await perform(downloadMailAsEml, { mailbox, item_id: [item_id] }, host);
  for (const { file_ref, sha256, error } of kept.results ?? [])
    console.log(error ? `  ${error.message}` : `  ${file_ref} sha256 ${sha256}`);
  const attached = await perform(getAttachments, { mailbox, item_id: [item_id] }, host);
  for (const { name, kind, sha256 } of attached.results ?? []) console.log(`  attached: ${name} (${kind}) ${sha256 ?? ""}`);
}
await host.exchange.close();
process.exitCode = found.success ? 0 : 1;
