import { afterEach } from "vitest";
import { openEws } from "../../src/ews/ews.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { openGraph } from "../../src/graph/graph.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import type { LabMailbox } from "../../src/lab/store/mailbox.ts";

/** All that the client may need. */
export const permissions = ["Mail.ReadWrite", "Mail.Send", "Contacts.Read", "MailboxSettings.Read", "User.Read.All"];

export interface Stage {
  readonly lab: Lab;
  readonly ann: LabMailbox;
  /** An application with the permissions of this token. */
  graph(token?: string): Exchange;
  /** The same mailboxes over the other protocol. */
  readonly ews: Exchange;
}

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A lab with ann and bob; the token `strong` may everything, `weak` nothing. */
export async function onStage(options: LabOptions = {}): Promise<Stage> {
  const lab = await startLab({
    seed: false,
    ...options,
    graph: { ...options.graph, tokens: { strong: permissions, weak: [], ...options.graph?.tokens } },
  });
  open.push(lab);
  for (const address of ["ann@example.com", "bob@example.com"]) lab.store.addUser({ address, password: "lab-password" });
  lab.store.addUser({ address: "soc@example.com", password: "lab-password", roles: ["ApplicationImpersonation"] });
  const ann = lab.store.mailbox("ann@example.com");
  if (ann === undefined) throw new Error("The lab has no ann.");
  const ews = openEws({
    url: lab.ewsUrl,
    access: "impersonation",
    authorize: async () => ({ Authorization: `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}` }),
  });
  open.push(ews);
  return { lab, ann, ews, graph: (token) => graphOf(lab, token) };
}

function graphOf(lab: Lab, token = "strong"): Exchange {
  const exchange = openGraph({
    url: lab.graphUrl,
    signIn: (http) => ({
      ...http,
      send: (request) => http.send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }),
    }),
  });
  open.push(exchange);
  return exchange;
}
