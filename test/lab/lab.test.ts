import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LabOptions, startLab } from "../../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../../src/lab/seed/practice-tenant.ts";
import { testCertificate } from "./certificate.ts";
import { anna, call, startSmallLab } from "./ews/soap-client.ts";

async function start(options: LabOptions = {}) {
  const lab = await startLab({ seed: false, ...options });
  onTestFinished(() => lab.close());
  return lab;
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "lab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("the lab listens on loopback, on a free port, by default", async () => {
  const [one, two] = [await start(), await start()];
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(one.ewsUrl).toBe(`${one.url}/EWS/Exchange.asmx`);
  expect(two.url).not.toBe(one.url);
});

test("a fault of an operation that the lab has not is refused, not waited for", async () => {
  await expect(startLab({ seed: false, faults: [{ kind: "500", operation: "GetItems" }] })).rejects.toThrow(
    /"GetItems" is no operation .* GetItem,/,
  );
  const lab = await startLab({ seed: false });
  try {
    expect(() => lab.addFault({ kind: "500", operation: "getitem" })).toThrow("is no operation");
  } finally {
    await lab.close();
  }
});

test("a port that is taken is an error, not another port", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  await expect(startLab({ seed: false, port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("seeded, the lab has its organisation, and the password is the one given", async () => {
  const lab = await start({ seed: true, password: "given-secret" });
  expect(lab.store.authenticate("soc@example.com", "given-secret")).toBeDefined();
  expect(lab.store.authenticate("soc@example.com", "lab-password")).toBeUndefined();
});

test("a folder of messages is imported into the seeded organisation", async () => {
  const directory = temporary();
  const mail = "From: a@example.net\r\nTo: soc@example.com\r\nSubject: imported\r\nMessage-ID: <imported@example.net>\r\n\r\nHello\r\n";
  writeFileSync(join(directory, "one.eml"), mail);
  const lab = await start({ seed: true, importDir: directory });
  const items = lab.store.mailboxes().flatMap((mailbox) => [...mailbox.items()]);
  const imported = items.find(({ internetMessageId }) => internetMessageId === "<imported@example.net>");
  expect(imported?.mime && Buffer.from(imported.mime).toString()).toBe(mail);
});

test("with a certificate the lab speaks TLS", async () => {
  const lab = await start({ tls: testCertificate });
  const status = await new Promise((resolve, reject) => {
    get(lab.ewsUrl, { ca: testCertificate.cert, agent: false }, (response) => resolve(response.resume().statusCode)).on("error", reject);
  });
  expect([lab.url.startsWith("https://127.0.0.1:"), status]).toEqual([true, 401]);
});

test("a defect inside an operation is answered with status 500, not with silence", async () => {
  const lab = await startSmallLab();
  onTestFinished(() => lab.close());
  const mailbox = lab.store.mailbox(anna);
  if (mailbox === undefined) throw new Error("no mailbox");
  mailbox.distinguished = () => {
    throw new RangeError("broken on purpose");
  };
  const get =
    '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>';
  const received = await call(lab, get);
  expect([received.status, received.body]).toEqual([500, expect.stringContaining("broken on purpose")]);
});

test.each([
  ["/adminapi/v2.0/%zz/Mailbox", "localhost"],
  ["/adminapi/v2.0/%ff/Mailbox", "localhost"],
  ["/v1.0/users/%zz", "localhost"],
  ["/v1.0/users/%e2%82", "localhost"],
  ["/autodiscover/autodiscover.json/v1.0/%zz?Protocol=EWS", "localhost"],
  ["/EWS/Exchange.asmx%", "localhost"],
  ["/adminapi/v2.0/tenant/Mailbox", "["],
  ["/v1.0/users", "a b"],
  [`/${practiceApplication.tenant}/oauth2/v2.0/token`, "%"],
])("an address that cannot be read, %s of the host %j, is answered with status 400, and as no defect", async (path, host) => {
  const lab = await start({ tenant: practiceTenant() });
  const { hostname, port } = new URL(lab.url);
  const status = await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method: "POST", headers: { Host: host } }, (reply) => resolve(reply.resume().statusCode));
    asked.on("error", reject).end("text");
  });
  expect(status).toBe(400);
});

test("the seeded lab has one archive and public folders with a message in each", async () => {
  const { store } = await start({ seed: true });
  const legal = store.mailbox("legal@example.com");
  const contracts = legal && store.archiveOf(legal)?.folderAt(["Inbox", "Contracts"]);
  const building = store.publicFolders?.folderAt(["Notices", "Building"]);
  expect([contracts?.totalCount, building?.totalCount]).toEqual([1, 1]);
  expect(store.mailboxes().filter((one) => store.archiveOf(one) !== undefined)).toEqual([legal]);
});
