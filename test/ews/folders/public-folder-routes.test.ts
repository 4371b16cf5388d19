import { afterEach, expect, test } from "vitest";
import type { UserSettings } from "../../../src/ews/autodiscover/user-settings.ts";
import { openEws } from "../../../src/ews/ews.ts";
import { publicFolderOf } from "../../../src/ews/folders/public-folder-ids.ts";
import { openPublicRoutes } from "../../../src/ews/folders/public-folder-routes.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { Failure } from "../../../src/failure.ts";
import type { AutodiscoverRule } from "../../../src/lab/autodiscover/autodiscover.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { itemFromMime } from "../../../src/lab/mime/item-from-mime.ts";
import { startProxy } from "../../../src/lab/proxy.ts";
import type { LabFolder } from "../../../src/lab/store/mailbox.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { namesCertificate } from "../../lab/names-certificate.ts";

// Names that no resolver knows lead to the lab through a proxy; TLS is real.

const ana = "ana@example.com";
const hierarchy = "public-folders@example.com";
const content = "more-folders@example.com";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Stage {
  readonly lab: Lab;
  readonly exchange: Exchange;
  /** Its contents are in the mailbox with the hierarchy; those of the folder below it are elsewhere. */
  readonly reports: LabFolder;
  readonly old: LabFolder;
}

interface Asked {
  readonly rules?: readonly AutodiscoverRule[];
  readonly publicFolders?: boolean;
  /** Without Autodiscover: the URL is given. */
  readonly url?: boolean;
  readonly access?: "impersonation" | "delegate";
}

async function stage({ rules = [], publicFolders, url = false, access = "impersonation" }: Asked = {}): Promise<Stage> {
  const ewsUrl = "https://mail.example.com/EWS/Exchange.asmx";
  const lab = await startLab({ tls: namesCertificate, seed: false, autodiscover: { externalUrl: ewsUrl, rules, publicFolders } });
  closing.push(() => lab.close());
  lab.store.addUser({ address: "soc@example.com", roles: ["ApplicationImpersonation"] });
  lab.store.addUser({ address: ana, fullAccess: ["soc@example.com"] });
  const shared = lab.store.openPublicFolders();
  const reports = shared.createFolder(shared.createFolder(shared.root, "Security", "IPF.Note"), "Reports", "IPF.Note");
  const old = shared.createFolder(reports, "2025", "IPF.Note");
  old.contentsIn = lab.store.addPublicFolderMailbox(content).guid;
  const { host } = new URL(lab.url);
  const hosts = ["example.com", "autodiscover.example.com", "mail.example.com"];
  const proxy = await startProxy({ routes: Object.fromEntries(hosts.map((name) => [`${name}:443`, host])) });
  closing.push(() => proxy.close());
  const server = { url: new URL(proxy.url) };
  const exchange = openEws({
    ...(url ? { url: ewsUrl } : { autodiscover: { address: "soc@example.com", allowHosts: [] } }),
    ca: namesCertificate.cert,
    proxy: { https: server, http: server, noProxy: [], sparesLoopback: false },
    authorize: async () => ({ authorization: `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}` }),
    access,
    defaultMailbox: ana,
  });
  closing.push(() => exchange.close());
  return { lab, exchange, reports, old };
}

function put(folder: LabFolder, subject: string) {
  const id = `${subject.toLowerCase().replaceAll(" ", "-")}@example.org`;
  const mime = `Message-ID: <${id}>\r\nFrom: a@example.org\r\nTo: ${ana}\r\nSubject: ${subject}\r\nDate: Sun, 1 Nov 2026 10:00:00 +0000\r\n\r\nText\r\n`;
  return folder.mailbox.add(folder, { ...itemFromMime(Buffer.from(mime)), receivedAt: new Date("2026-11-01T10:00:00Z") });
}

/** Operation, X-AnchorMailbox and X-PublicFolderMailbox of each request to EWS since the last look. */
function sent({ requests }: Lab, from = 0): (string | undefined)[][] {
  return requests
    .slice(from)
    .filter(({ path }) => path.toLowerCase().startsWith("/ews/"))
    .map(({ operation, headers }) => [operation, headers["x-anchormailbox"], headers["x-publicfoldermailbox"]]);
}

const asked = ({ requests }: Lab) => requests.filter(({ operation }) => operation?.startsWith("autodiscover soap")).length;

async function all<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<Outcome<T>[]> {
  const list: Outcome<T>[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

/** Returns the mailbox of the lab's hierarchy. */
function atHierarchy({ store }: Lab): readonly [string, string] {
  return [hierarchy, `${store.publicFolderMailboxes[0]?.guid}@example.com`];
}

test("folders are listed from the mailbox with the hierarchy, their items from the mailbox with the contents", async () => {
  const { lab, exchange, reports, old } = await stage();
  put(reports, "Phish");
  put(old, "Older phish");
  const found = await exchange.mailbox(undefined).search({ filters: {}, folder: "public:Security/Reports", recursive: true, limit: 10 });
  expect(found.messages.map(({ subject }) => subject).sort()).toEqual(["Older phish", "Phish"]);
  const requests = sent(lab);
  const finds = requests.filter(([operation]) => operation === "FindFolder");
  expect(finds.length).toBeGreaterThan(2);
  for (const [, ...headers] of finds) expect(headers).toEqual(atHierarchy(lab));
  const lists = requests.filter(([operation]) => operation === "FindItem").map(([, ...headers]) => headers);
  expect(lists).toEqual([
    [hierarchy, hierarchy],
    [content, content],
  ]);
});

test("a message in a public folder is read, copied out and deleted where its folder's contents are, though only its id is known", async () => {
  const { lab, exchange, old } = await stage();
  const item = put(old, "Older phish");
  const mailbox = exchange.mailbox(undefined);
  expect(await all(mailbox.get([item.id], {}))).toMatchObject([{ ok: true, value: { subject: "Older phish" } }]);
  expect(await all(mailbox.locate([{ itemId: item.id }]))).toMatchObject([{ ok: true, value: { messages: [{ subject: "Older phish" }] } }]);
  for (const mime of await all(mailbox.mime([item.id]))) {
    if (!mime.ok) throw mime.failure;
    for await (const _ of mime.value.bytes);
  }
  expect(await all(mailbox.copy([item.id], { folder: "inbox" }))).toMatchObject([{ ok: true }]);
  expect(await all(mailbox.delete([item.id], "hard"))).toMatchObject([{ ok: true }]);
  const about = sent(lab).filter(([operation]) => ["GetItem", "CopyItem", "DeleteItem"].includes(operation ?? ""));
  expect(about.map(([operation]) => operation)).toEqual(["GetItem", "GetItem", "GetItem", "CopyItem", "GetItem", "DeleteItem"]);
  for (const [, ...headers] of about) expect(headers).toEqual([content, content]);
});

test("ids of a mailbox and of public folders in one call are routed separately and answered in the requested order", async () => {
  const { lab, exchange, reports, old } = await stage();
  const own = put(lab.store.mailbox(ana)?.known("inbox") ?? old, "Mine");
  const items = [put(old, "Older phish"), own, put(reports, "Phish")];
  const outcomes = await all(exchange.mailbox(undefined).get([...items.map(({ id }) => id), `${own.id}`], {}));
  expect(outcomes.map((outcome) => outcome.ok && outcome.value.subject)).toEqual(["Older phish", "Mine", "Phish", "Mine"]);
  const gets = sent(lab).filter(([operation]) => operation === "GetItem");
  expect(gets).toEqual([
    ["GetItem", content, content],
    ["GetItem", ana, undefined],
    ["GetItem", hierarchy, hierarchy],
  ]);
});

test("a copy into a public folder goes to the mailbox with its contents, and a new folder to the mailbox with the hierarchy", async () => {
  const { lab, exchange, old } = await stage();
  const item = put(lab.store.mailbox(ana)?.known("inbox") ?? old, "Report me");
  const mailbox = exchange.mailbox(undefined);
  const [copied] = await all(mailbox.copy([item.id], { folder: "public:Security/Reports/2025" }));
  expect(copied?.ok === true && lab.store.item(copied.value.newItemId ?? "")?.folder.id).toBe(old.id);
  await mailbox.createFolder("public:Security/Cases");
  const requests = sent(lab);
  expect(requests.filter(([operation]) => operation === "CopyItem")).toEqual([["CopyItem", content, content]]);
  expect(requests.filter(([operation]) => operation === "CreateFolder")).toEqual([["CreateFolder", ...atHierarchy(lab)]]);
  // The message itself is read from the mailbox that contains it.
  expect(requests.filter(([operation]) => operation === "GetItem")).toEqual([["GetItem", ana, undefined]]);
});

test("the contacts of a public folder are read where its contents are", async () => {
  const { lab, exchange, old } = await stage();
  const people = old.mailbox.createFolder(old.mailbox.root, "People", "IPF.Contact");
  people.contentsIn = old.contentsIn;
  const contact = { displayName: "Eve Example", emailAddresses: [], phoneNumbers: [], physicalAddresses: [] };
  people.mailbox.add(people, { itemClass: "IPM.Contact", subject: "Eve Example", contact, isRead: true });
  const { contacts } = await exchange.mailbox(undefined).contacts({ folder: "public:People", limit: 5 });
  expect(contacts).toMatchObject([{ displayName: "Eve Example" }]);
  const about = sent(lab).filter(([operation]) => operation === "FindItem" || operation === "GetItem");
  expect(about).toEqual([
    ["FindItem", content, content],
    ["GetItem", content, content],
  ]);
});

test("routes are remembered: a second call sends no lookup", async () => {
  const { lab, exchange, old } = await stage();
  const item = put(old, "Older phish");
  const mailbox = exchange.mailbox(undefined);
  await all(mailbox.get([item.id], {}));
  const before = [lab.requests.length, asked(lab)];
  await all(exchange.mailbox(undefined).get([item.id], {}));
  expect(sent(lab, before[0])).toEqual([["GetItem", content, content]]);
  expect(asked(lab)).toBe(before[1]);
});

test("a request about one's own mailbox sends no Autodiscover lookup for public folders", async () => {
  const { lab, exchange } = await stage();
  await exchange.mailbox(undefined).search({ filters: {}, limit: 10 });
  expect(asked(lab)).toBe(0);
  expect(new Set(sent(lab).map(([, ...headers]) => headers.join()))).toEqual(new Set([`${ana},`]));
});

const soapRefused: AutodiscoverRule = { protocol: "soap", behave: { kind: "refuse", status: 404 } };
test("without SOAP, POX returns the same", async () => {
  const { lab, exchange, old } = await stage({ rules: [soapRefused] });
  const item = put(old, "Older phish");
  await all(exchange.mailbox(undefined).get([item.id], {}));
  expect(sent(lab)).toEqual([
    ["GetFolder", ...atHierarchy(lab)],
    ["GetItem", content, content],
  ]);
});

const unfound: readonly (readonly [string, Asked])[] = [
  ["the URL is given", { url: true }],
  ["Autodiscover says nothing of public folders", { publicFolders: false }],
  ["Autodiscover has only JSON", { rules: [soapRefused, { protocol: "pox", behave: { kind: "refuse", status: 404 } }] }],
  ["Autodiscover wants another password", { rules: [{ protocol: "soap", behave: { kind: "refuse", status: 401 } }] }],
  ["Autodiscover does not know the user", { rules: [{ protocol: "soap", behave: { kind: "error", code: "InvalidUser" } }] }],
  [
    "Autodiscover sends us to a stranger",
    {
      rules: [
        { protocol: "soap", behave: { kind: "redirect", location: "https://autodiscover.example.net/autodiscover/autodiscover.svc" } },
      ],
    },
  ],
];
test.each(unfound)("public folders are requested by the user's own address if %s", async (_, how) => {
  const poxToo = how.rules?.map((rule) => ({ ...rule, protocol: "pox" as const })) ?? [];
  const { lab, exchange, old } = await stage({ ...how, rules: [...(how.rules ?? []), ...poxToo] });
  const item = put(old, "Older phish");
  const mailbox = exchange.mailbox(undefined);
  expect(await all(mailbox.get([item.id], {}))).toMatchObject([{ ok: true }]);
  expect(await mailbox.folder("public:Security/Reports")).toMatchObject({ displayName: "Reports" });
  for (const [, ...headers] of sent(lab)) expect(headers).toEqual([ana, undefined]);
});

test.each([
  "evil@example.net\r\nX-Injected: 1",
  "two words@example.com",
  "no address",
  `${"x".repeat(400)}@example.com`,
  "ümlaut@example.com",
])("an address such as %j is not put into a header", async (address) => {
  const setting = `<UserSetting><Name>PublicFolderInformation</Name><Value>${address.replace("\r\n", "&#13;&#10;")}</Value></UserSetting>`;
  const body =
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover">` +
    `<Response><ErrorCode>NoError</ErrorCode><UserResponses><UserResponse><ErrorCode>NoError</ErrorCode><UserSettings>${setting}</UserSettings></UserResponse></UserResponses></Response>` +
    `</GetUserSettingsResponseMessage></s:Body></s:Envelope>`;
  const { lab, exchange } = await stage({
    rules: [
      { protocol: "soap", behave: { kind: "content", type: "text/xml", body } },
      { protocol: "pox", behave: { kind: "refuse", status: 404 } },
    ],
  });
  await exchange.mailbox(undefined).folder("public:Security");
  for (const [, ...headers] of sent(lab)) expect(headers).toEqual([ana, undefined]);
  expect(lab.requests.some(({ headers }) => "x-injected" in headers)).toBe(false);
});

test("a delegate's public folders are those of the given mailbox", async () => {
  const { lab, exchange, old } = await stage({ access: "delegate" });
  const item = put(old, "Older phish");
  await all(exchange.mailbox(undefined).get([item.id], {}));
  expect(sent(lab).at(-1)).toEqual(["GetItem", content, content]);
});

const guid = "1ec2a236-ed93-4f88-b9c6-33e63fa4aa44";
const folder = publicFolderOf("AAEuAAAAAADL8shaNEKnQYVvRbpoY9vDAQBGDloItRzyTrAt+XVzRr/YAABdofPkAAA=") ?? "";
const neverAsked = () => Promise.reject(new Error("Nobody should be asked."));

/** Routes over what Autodiscover says of each address, which is written down. */
function routesOver(said: Readonly<Record<string, UserSettings | Failure>>, now?: () => number) {
  const asked: string[] = [];
  const routes = openPublicRoutes({
    settings: async (mailbox) => {
      asked.push(mailbox);
      const settings = said[mailbox];
      if (settings instanceof Failure) throw settings;
      return settings && { settings, at: new URL("https://autodiscover.example.com/") };
    },
    lifetimeMs: 24 * 3_600_000,
    now,
  });
  return { routes, asked };
}

test("an unknown address of the hierarchy's mailbox removes the second header, and one of the contents' mailbox changes neither", async () => {
  const { routes, asked } = routesOver({ [ana]: { publicFolders: hierarchy } });
  expect(await routes.to("hierarchy", ana, [folder], neverAsked, undefined)).toEqual([{ anchor: hierarchy, mailbox: undefined }]);
  expect(await routes.to("content", ana, [folder], async () => [guid], undefined)).toEqual([undefined]);
  expect(asked).toEqual([ana, hierarchy, `${guid}@example.com`]);
});

test("the root, and a folder with servers instead of a mailbox, are requested from the hierarchy's mailbox", async () => {
  const { routes } = routesOver({ [ana]: { publicFolders: hierarchy } });
  const at = { anchor: hierarchy, mailbox: undefined };
  expect(await routes.to("content", ana, [folder, "publicfoldersroot"], async () => [undefined], undefined)).toEqual([at, at]);
});

test("a failed Autodiscover is retried after a quarter of an hour, not with each request", async () => {
  let now = 0;
  const said: Record<string, UserSettings | Failure> = { [ana]: new Failure("timeout", "It did not answer.") };
  const { routes, asked } = routesOver(said, () => now);
  for (let count = 0; count < 3; count++) expect(await routes.to("hierarchy", ana, [folder], neverAsked, undefined)).toEqual([undefined]);
  expect(asked).toEqual([ana]);
  said[ana] = { publicFolders: hierarchy };
  now += 16 * 60_000;
  expect(await routes.to("hierarchy", ana, [folder], neverAsked, undefined)).toMatchObject([{ anchor: hierarchy }]);
});

test("a cancelled caller stops waiting, and the others get the result", async () => {
  let answer: (settings: UserSettings) => void = () => undefined;
  const settings = () =>
    new Promise<{ settings: UserSettings; at: URL }>((resolve) => {
      answer = (said) => resolve({ settings: said, at: new URL("https://example.com/") });
    });
  const routes = openPublicRoutes({ settings, lifetimeMs: 1000 });
  const stop = new AbortController();
  const impatient = routes.to("hierarchy", ana, [folder], neverAsked, stop.signal);
  const patient = routes.to("hierarchy", ana, [folder], neverAsked, undefined);
  stop.abort();
  await expect(impatient).rejects.toMatchObject({ code: "cancelled" });
  answer({});
  expect(await patient).toEqual([undefined]);
});
