import { openEws } from "../../src/ews/ews.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { startLab } from "../../src/lab/lab.ts";
import { contract } from "./contract.ts";
import { type Practice, people } from "./contract-stage.ts";

const account = "soc@example.com";
const outsider = "eve@example.com";
const password = "lab-password";

/** A lab with two mailboxes, an account that reaches them in one of the two ways, and one that reaches nothing. */
async function practise(access: "impersonation" | "delegate"): Promise<Practice> {
  const lab = await startLab({ seed: false });
  lab.store.addUser({
    address: account,
    password,
    roles: access === "impersonation" ? ["ApplicationImpersonation", "Discovery Management"] : ["Discovery Management"],
  });
  lab.store.addUser({ address: outsider, password });
  for (const address of people)
    lab.store.addUser({ address, password, fullAccess: access === "delegate" ? [account] : [], sendAs: [account] });
  const open = (user: string): Exchange =>
    openEws({
      url: lab.ewsUrl,
      access,
      defaultMailbox: user,
      authorize: async () => ({ Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }),
    });
  const [exchange, powerless] = [open(account), open(outsider)];
  return {
    exchange,
    powerless,
    store: lab.store,
    addFault: (rule) => lab.addFault(rule),
    idOf: ({ id }) => id,
    copying: "CopyItem",
    entering: "CreateItem",
    cutting: "truncate",
    requests: () => lab.requests.length,
    async close() {
      await exchange.close();
      await powerless.close();
      await lab.close();
    },
  };
}

const noTrace = "Exchange Web Services have no message trace";
const unsupported = {
  "message trace names each recipient of a message, inside groups as well, and what became of it": noTrace,
  "message trace finds by sender and subject within a time, and says what it does not remember": noTrace,
  "an application without the permission for message trace gets a failure that names it": noTrace,
};

contract("EWS with impersonation", () => practise("impersonation"), unsupported);
contract("EWS with delegate access", () => practise("delegate"), unsupported);
