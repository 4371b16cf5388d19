import type { Exchange } from "../../src/exchange/exchange.ts";
import { openGraph } from "../../src/graph/graph.ts";
import { immutableId, restId } from "../../src/lab/graph/ids.ts";
import { startLab } from "../../src/lab/lab.ts";
import { contract } from "./contract.ts";
import { type Practice, people } from "./contract-stage.ts";

const permissions = [
  "Mail.ReadWrite",
  "Mail.Send",
  "Contacts.Read",
  "Calendars.ReadWrite",
  "MailboxSettings.Read",
  "User.Read.All",
  "Group.ReadBasic.All",
  "OrgContact.Read.All",
  "ExchangeMessageTrace.Read.All",
  "MailboxItem.ImportExport.All",
];

/** A lab with two mailboxes in the cloud, an application that reaches them, and one that was granted nothing. */
async function practise(): Promise<Practice> {
  const lab = await startLab({ seed: false, graph: { tokens: { strong: permissions, weak: [] } } });
  for (const address of people) lab.store.addUser({ address, password: "lab-password" });
  const open = (token: string): Exchange =>
    openGraph({
      url: lab.graphUrl,
      defaultMailbox: people[0],
      signIn: (http) => ({
        ...http,
        send: (request) => http.send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }),
      }),
    });
  const [exchange, powerless] = [open("strong"), open("weak")];
  return {
    exchange,
    powerless,
    store: lab.store,
    addFault: (rule) => lab.addFault(rule),
    idOf: (it) => ("identity" in it ? immutableId(it) : restId(it.id)),
    copying: "json-batching",
    entering: "user-post-events",
    cutting: "reset-mid-body",
    requests: () => lab.requests.length,
    async close() {
      await exchange.close();
      await powerless.close();
      await lab.close();
    },
  };
}

contract("Microsoft Graph", practise, {
  "a moved message is found by its new id and no longer by the old one": "an immutable id stays as it is when its message moves",
  "junk blocks the sender; not junk unblocks the sender": "Graph does not change the list of blocked senders",
  "the searchable mailboxes are listed for an account with the role": "Graph lists the directory, which is not the same",
  "an account without the role gets a failure that names it": "Graph asks for permissions, not for the role group",
  "a batch stopped in the middle is completed": "the requests of a batch do not stop one another",
  "illegal characters in a reply are replaced and counted, and the neighbours are untouched": "JSON has no character that it cannot carry",
});
