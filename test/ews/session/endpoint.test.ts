import { afterEach, expect, test } from "vitest";
import { openEws } from "../../../src/ews/ews.ts";
import { discoveredEndpoint, type EndpointMemory, fixedEndpoint } from "../../../src/ews/session/endpoint.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { Failure } from "../../../src/failure.ts";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What is kept, and what came of it. */
function notebook(first?: object): EndpointMemory & { readonly written: object[]; kept: object | undefined } {
  const book = {
    written: [] as object[],
    kept: first,
    read: () => (book.kept === undefined ? undefined : Object.fromEntries(Object.entries(book.kept))),
    write(value: object) {
      book.kept = value;
      book.written.push(value);
    },
    forget() {
      book.kept = undefined;
    },
  };
  return book;
}

async function startedLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab({ seed: false, ...options });
  lab.store.addUser({ address: "soc@example.com" });
  closing.push(() => lab.close());
  return lab;
}

function exchangeAt(url: string, memory: EndpointMemory): Exchange {
  const authorization = `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}`;
  const exchange = openEws({
    url,
    memory,
    authorize: async () => ({ authorization }),
    access: "delegate",
    defaultMailbox: "soc@example.com",
  });
  closing.push(() => exchange.close());
  return exchange;
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`No Failure but ${String(thrown)}`);
}

const day = 24 * 3_600_000;
const trust = { domain: "example.com", allowHosts: [] };
const place = "https://mail.example.com/EWS/Exchange.asmx";

test("a server that refuses our version is asked once more in an older one, and never again in the refused one", async () => {
  const lab = await startedLab({ newestVersion: "Exchange2013", version: "Exchange2013" });
  const memory = notebook();
  const exchange = exchangeAt(lab.ewsUrl, memory);
  expect(await exchange.mailbox(undefined).outOfOffice()).toMatchObject({ state: "Disabled" });
  await exchange.mailbox(undefined).folder("inbox");
  const statuses = lab.requests.map(({ operation, status }) => [operation, status]);
  expect(statuses.slice(0, 2)).toEqual([
    ["GetUserOofSettings", 500],
    ["GetUserOofSettings", 200],
  ]);
  expect(statuses.slice(2).every(([, status]) => status === 200)).toBe(true);
  expect(memory.kept).toMatchObject({ requestVersion: "Exchange2013" });
});

test("the next process does not ask in the version that was refused", async () => {
  const lab = await startedLab({ newestVersion: "Exchange2013", version: "Exchange2013" });
  const memory = notebook({ requestVersion: "Exchange2013", at: Date.now() });
  await exchangeAt(lab.ewsUrl, memory).mailbox(undefined).outOfOffice();
  expect(lab.requests.map(({ status }) => status)).toEqual([200]);
  expect(memory.written).toEqual([]);
});

test("requests refused at the same time change to the next older version together", async () => {
  const lab = await startedLab({ newestVersion: "Exchange2013", version: "Exchange2013" });
  const exchange = exchangeAt(lab.ewsUrl, notebook());
  const asked = await Promise.all(Array.from({ length: 5 }, () => exchange.mailbox(undefined).outOfOffice()));
  expect(asked.length).toBe(5);
  expect(lab.requests.filter(({ status }) => status === 200).length).toBe(5);
});

test("a server that accepts none of our versions is tried once with each", async () => {
  const lab = await startedLab({ newestVersion: "Exchange2010" });
  const refused = await failure(exchangeAt(lab.ewsUrl, notebook()).mailbox(undefined).outOfOffice());
  expect(refused).toMatchObject({ code: "unsupported", wireCode: "ErrorInvalidServerVersion" });
  expect(lab.requests.length).toBe(2);
});

test("nothing is stored for a server that accepts our first version", async () => {
  const lab = await startedLab();
  const memory = notebook();
  await exchangeAt(lab.ewsUrl, memory).mailbox(undefined).outOfOffice();
  expect(memory.written).toEqual([]);
});

test("a message sent in a refused version is sent once", async () => {
  const lab = await startedLab({ newestVersion: "Exchange2013", version: "Exchange2013" });
  const sent = await exchangeAt(lab.ewsUrl, notebook())
    .mailbox(undefined)
    .send({
      to: [{ address: "soc@example.com" }],
      subject: "Once",
      text: "Once.",
    });
  expect(sent).toBeDefined();
  const inbox = lab.store.mailbox("soc@example.com")?.known("inbox");
  expect(inbox?.totalCount).toBe(1);
});

const old: readonly [string, object][] = [
  ["of the day before yesterday", { requestVersion: "Exchange2013", at: Date.now() - 2 * day }],
  ["of tomorrow", { requestVersion: "Exchange2013", at: Date.now() + day }],
  ["without a time", { requestVersion: "Exchange2013" }],
  ["of a version that we do not speak", { requestVersion: "Exchange2007", at: Date.now() }],
];

test.each(old)("a note %s is not used", (_, note) => {
  expect(fixedEndpoint(new URL(place), notebook(note)).requestVersion()).toBe("Exchange2013_SP1");
});

test("a found URL is kept with the best version that the server accepts, and is not looked up again", async () => {
  const memory = notebook();
  let searches = 0;
  const find = async () => {
    searches++;
    return { url: new URL(place), schemas: ["Exchange2010", "Exchange2013"] };
  };
  const endpoint = discoveredEndpoint({ memory, lifetimeMs: day, trust, find });
  const all = await Promise.all([endpoint.url(), endpoint.url(), endpoint.url()]);
  expect(new Set(all.map(({ href }) => href))).toEqual(new Set([place]));
  expect(endpoint.requestVersion()).toBe("Exchange2013");
  const next = discoveredEndpoint({ memory, lifetimeMs: day, trust, find });
  expect((await next.url()).href).toBe(place);
  expect(next.requestVersion()).toBe("Exchange2013");
  expect(searches).toBe(1);
});

const notes: readonly [string, object][] = [
  ["a host that the settings no longer allow", { url: "https://ews.example.net/", requestVersion: "Exchange2013", at: Date.now() }],
  ["plain http", { url: "http://mail.example.com/", requestVersion: "Exchange2013", at: Date.now() }],
  ["no URL", { url: "mail", requestVersion: "Exchange2013", at: Date.now() }],
  ["a number", { url: 7, requestVersion: "Exchange2013", at: Date.now() }],
  ["an age beyond the lifetime", { url: place, requestVersion: "Exchange2013", at: Date.now() - 1001 }],
];

test.each(notes)("a note of %s is not believed", async (_, note) => {
  const find = async () => ({ url: new URL("https://new.example.com/EWS/Exchange.asmx"), schemas: [] });
  const endpoint = discoveredEndpoint({ memory: notebook(note), lifetimeMs: 1000, trust, find });
  expect((await endpoint.url()).host).toBe("new.example.com");
});

test("a remembered URL without EWS is looked up again, a newly found one is not", async () => {
  const memory = notebook({ url: place, requestVersion: "Exchange2013_SP1", at: Date.now() });
  const find = async () => ({ url: new URL("https://new.example.com/EWS/Exchange.asmx"), schemas: [] });
  const endpoint = discoveredEndpoint({ memory, lifetimeMs: day, trust, find });
  const before = await endpoint.url();
  expect(before.href).toBe(place);
  expect(endpoint.isElsewhere(before)).toBe(true);
  expect(memory.kept).toBeUndefined();
  const after = await endpoint.url();
  expect(after.host).toBe("new.example.com");
  expect(endpoint.isElsewhere(before)).toBe(true);
  expect(endpoint.isElsewhere(after)).toBe(false);
});

test("a search that a wrong password ended is not begun again, one that the network ended is", async () => {
  let searches = 0;
  const failing = (code: "unauthenticated" | "unreachable") => async () => {
    searches++;
    throw new Failure(code, "No.");
  };
  const locked = discoveredEndpoint({ memory: notebook(), lifetimeMs: day, trust, find: failing("unauthenticated") });
  await failure(locked.url());
  await failure(locked.url());
  expect(searches).toBe(1);
  const far = discoveredEndpoint({ memory: notebook(), lifetimeMs: day, trust, find: failing("unreachable") });
  await failure(far.url());
  await failure(far.url());
  expect(searches).toBe(3);
});

test("a caller that stops waiting for the search does not stop the others", async () => {
  let end = (_: { url: URL; schemas: string[] }): void => undefined;
  const found = new Promise<{ url: URL; schemas: string[] }>((resolve) => {
    end = resolve;
  });
  const endpoint = discoveredEndpoint({ memory: notebook(), lifetimeMs: day, trust, find: () => found });
  const stop = new AbortController();
  const impatient = failure(endpoint.url(stop.signal));
  const patient = endpoint.url();
  stop.abort();
  expect((await impatient).code).toBe("cancelled");
  end({ url: new URL(place), schemas: [] });
  expect((await patient).href).toBe(place);
});
