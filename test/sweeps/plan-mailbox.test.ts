import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { openEws } from "../../src/ews/ews.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { Failure } from "../../src/failure.ts";
import { openGraph } from "../../src/graph/graph.ts";
import type { FaultKind } from "../../src/lab/faults.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import type { Host } from "../../src/perform/perform.ts";
import { makePlan } from "../../src/sweeps/make-plan.ts";
import { type Backend, backends } from "../actions/lab-host.ts";

const soc = "soc@example.com";
const campaign = "<campaign.1@mailer.example.net>";
const people = Array.from({ length: 6 }, (_, at) => `user${at}@example.com`);
const hits = people.filter((_, at) => at % 3 === 1);
/** The longest wait of one request, by the settings of the connection. Milliseconds. */
const maxWaitMs = 100;

/** The operations of a scan, and the faults that each back end can have. */
const operations: Readonly<Record<Backend, readonly string[]>> = {
  ews: ["GetSearchableMailboxes", "FindFolder", "FindItem", "GetItem"],
  graph: ["user-list", "json-batching", "user-list-mailfolders", "user-list-messages", "message-get"],
};
const kinds: Readonly<Record<Backend, readonly FaultKind[]>> = {
  ews: [
    "page-404",
    "empty-200",
    "truncate",
    "reset-after",
    "error-after",
    "401",
    "server-busy-fault",
    "delay",
    "item-error",
    "batch-stopped",
  ],
  graph: ["page-404", "empty-object", "truncate", "error-after", "429", "item-error", "missing-answers"],
};

describe.each(backends)("the scan of a plan over %s", (backend) => {
  let lab: Lab;
  let exchange: Exchange;
  beforeAll(async () => {
    lab = await startLab({ seed: false, graph: { tokens: { [labToken]: labPermissions } } });
    lab.store.addUser({ address: soc, roles: ["ApplicationImpersonation", "Discovery Management"] });
    for (const address of people) lab.store.addUser({ address });
    const mime = Buffer.from(`From: m@example.net\r\nSubject: Invoice\r\nMessage-ID: ${campaign}\r\n\r\nPay.\r\n`);
    lab.store.deliver(mime, { from: "m@example.net", to: hits });
    const authorization = backend === "ews" ? `Basic ${Buffer.from(`${soc}:${labPassword}`).toString("base64")}` : `Bearer ${labToken}`;
    const common = { defaultMailbox: soc, throttling: { maxWaitMs } };
    exchange =
      backend === "ews"
        ? openEws({ ...common, url: lab.ewsUrl, authorize: async () => ({ authorization }), access: "impersonation" })
        : openGraph({
            ...common,
            url: lab.graphUrl,
            signIn: (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) }),
          });
  });
  afterAll(async () => {
    await exchange.close();
    await lab.close();
  });

  const nothingKept = () => Promise.reject(new Failure("internal", "A plan keeps no evidence."));
  const plan = (changes: Partial<Host> = {}, mailboxes: readonly string[] | undefined = undefined) =>
    makePlan(
      { internetMessageIds: [campaign], mailboxes, action: deleteEmail, input: {}, limits: {} },
      { host: { exchange, evidence: { keep: nothingKept, hold: nothingKept }, audit: undefined, ...changes }, connection: {} },
    );
  /** No more patience than the settings have. */
  const hasty = { patientUntil: 0 };
  const [first = "", hit = ""] = people;
  const throttling = backend === "ews" ? (["server-busy-fault", "FindItem"] as const) : (["429", "user-list-messages"] as const);

  describe.each(kinds[backend])("under %s", (kind) => {
    test.each(operations[backend])("of %s finds each message, names its mailbox with the reason, or makes no plan", async (operation) => {
      for (const times of [1, 1000]) {
        lab.clearFaults();
        lab.addFault({ kind, operation, times, nth: 2, backOffMs: 1, delayMs: 1 });
        const planned = await plan(hasty).catch((thrown: unknown) => thrown);
        if (planned instanceof Failure) expect(planned.code).not.toBe("internal");
        if (planned instanceof Failure) continue;
        expect(planned).toHaveProperty("targets");
        const { targets, unexamined, counts } = planned as Awaited<ReturnType<typeof plan>>;
        const known = new Set([...targets, ...unexamined].map(({ mailbox }) => mailbox));
        expect(hits.filter((address) => !known.has(address))).toEqual([]);
        expect(
          counts.examined + unexamined.filter(({ mailbox }, at, all) => all.findIndex((one) => one.mailbox === mailbox) === at).length,
        ).toBe(counts.examined + counts.unexamined);
        expect(counts.examined + counts.unexamined).toBe(people.length + 1);
      }
      lab.clearFaults();
    });
  });

  test("waits for a server that throttles for longer than the settings wait, and more often than other calls try again", async () => {
    const [kind, operation] = throttling;
    lab.clearFaults();
    lab.addFault({ kind, operation, mailbox: hit, times: 8, backOffMs: 1000 });
    const began = performance.now();
    const planned = await plan({}, [first, hit]);
    expect(planned).toMatchObject({ unexamined: [], counts: { messages: 1, examined: 2 } });
    expect(performance.now() - began).toBeGreaterThan(7000);
  });

  test("names a mailbox that was throttled until the patience ended", async () => {
    const [kind, operation] = throttling;
    lab.clearFaults();
    lab.addFault({ kind, operation, mailbox: hit, times: 1000, backOffMs: 1000 });
    const planned = await plan({ patientUntil: performance.now() + 2500 }, [first, hit]);
    expect(planned).toMatchObject({ unexamined: [{ mailbox: hit, code: "busy" }], counts: { messages: 0, examined: 1, unexamined: 1 } });
    lab.clearFaults();
  });

  test("makes no plan when it is stopped in the middle", async () => {
    lab.clearFaults();
    const stop = new AbortController();
    let looks = 0;
    const progress = (text: string) => {
      if (text.startsWith("looked into") && ++looks === 3) stop.abort();
    };
    await expect(plan({ signal: stop.signal, progress })).rejects.toMatchObject({ code: "cancelled" });
    expect(looks).toBeGreaterThan(2);
  });

  test("names a mailbox whose look had no outcome", async () => {
    lab.clearFaults();
    const forgetful: Exchange = {
      ...exchange,
      mailbox: (address, call) => ({ ...exchange.mailbox(address, call), ...(address === hit ? { get: async function* () {} } : {}) }),
    };
    const planned = await plan({ exchange: forgetful }, [first, hit]);
    expect(planned).toMatchObject({
      unexamined: [{ mailbox: hit, code: "internal" }],
      counts: { messages: 0, examined: 1, unexamined: 1 },
    });
  });
});
