// Which of these people reply automatically now, and until when?
//   node examples/who-is-away.ts ann@example.com bob@example.com
import { getOutOfOffice, loadSettings, open, perform } from "mailcordon";

const host = await open(await loadSettings());
for (const mailbox of process.argv.slice(2)) {
  const answer = await perform(getOutOfOffice, { mailbox }, host);
  if (answer.error) console.log(`${mailbox}: ${answer.error.message}`);
  else if (!answer.is_active_now) console.log(`${mailbox}: here`);
  else console.log(`${mailbox}: away${answer.state === "Scheduled" ? ` until ${answer.end}` : ""}: ${answer.internal_reply_text}`);
}
await host.exchange.close();
