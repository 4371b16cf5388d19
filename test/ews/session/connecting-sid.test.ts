import { afterEach, beforeEach, expect, test } from "vitest";
import { type EwsOptions, openEws } from "../../../src/ews/ews.ts";
import { isSid } from "../../../src/ews/session/connecting-sid.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { Failure } from "../../../src/failure.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";

let lab: Lab;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  lab = await startLab({ seed: false, keepBodies: true });
  lab.store.addUser({ address: "soc@example.com", roles: ["ApplicationImpersonation"] });
  lab.store.addUser({
    address: "ana.lima@example.com",
    upn: "alima@corp.example.com",
    sid: "S-1-5-21-1-2-3-1234",
    fullAccess: ["soc@example.com"],
  });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await lab.close();
});

function exchange(more: Partial<EwsOptions> = {}): Exchange {
  const authorization = `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}`;
  const made = openEws({ url: lab.ewsUrl, authorize: async () => ({ authorization }), access: "impersonation", ...more });
  closing.push(() => made.close());
  return made;
}

/** Returns the mailbox that each request impersonates. */
const said = () =>
  lab.requests.map(({ requestBody = "", anchorMailbox, acting }) => ({
    by: /<t:ConnectingSID><t:(\w+)>([^<]*)/.exec(requestBody)?.slice(1).join(" "),
    anchorMailbox,
    acting,
  }));

async function failure(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`No Failure but ${String(thrown)}`);
}

test("an address is sent as SmtpAddress, and routes the request", async () => {
  await exchange().mailbox("ana.lima@example.com").folder("inbox");
  expect(new Set(said().map((one) => JSON.stringify(one)))).toEqual(
    new Set([
      JSON.stringify({ by: "SmtpAddress ana.lima@example.com", anchorMailbox: "ana.lima@example.com", acting: "ana.lima@example.com" }),
    ]),
  );
});

test("a user principal name that is not an address is recognised with one request, and remembered", async () => {
  const mailbox = exchange().mailbox("alima@corp.example.com");
  await mailbox.folder("inbox");
  await mailbox.folder("drafts");
  const [first, second, ...rest] = said();
  expect(first).toMatchObject({ by: "SmtpAddress alima@corp.example.com" });
  expect(second).toMatchObject({ by: "PrincipalName alima@corp.example.com", acting: "ana.lima@example.com" });
  expect(rest.every(({ by }) => by === "PrincipalName alima@corp.example.com")).toBe(true);
});

test("a connection can name its mailboxes by user principal names", async () => {
  await exchange({ connectingName: "PrincipalName" }).mailbox("alima@corp.example.com").folder("inbox");
  expect(said().every(({ by }) => by === "PrincipalName alima@corp.example.com")).toBe(true);
});

test("a SID is sent as SID, and never in place of an address", async () => {
  const mailbox = exchange().mailbox("s-1-5-21-1-2-3-1234");
  await mailbox.folder("inbox");
  expect(said().every(({ by, anchorMailbox }) => by === "SID s-1-5-21-1-2-3-1234" && anchorMailbox === undefined)).toBe(true);
  expect(said()[0]?.acting).toBe("ana.lima@example.com");
  expect((await failure(mailbox.outOfOffice())).code).toBe("invalid-input");
});

test("with delegate access a SID is refused before any request", async () => {
  const thrown = await failure((async () => exchange({ access: "delegate" }).mailbox("S-1-5-21-1-2-3-1234").folder("inbox"))());
  expect(thrown.code).toBe("invalid-input");
  expect(lab.requests).toEqual([]);
});

test("with delegate access the address is both in the folder and in the header that leads the request", async () => {
  await exchange({ access: "delegate" }).mailbox("ana.lima@example.com").folder("inbox");
  expect(said().every(({ by, anchorMailbox }) => by === undefined && anchorMailbox === "ana.lima@example.com")).toBe(true);
  expect(lab.requests[0]?.requestBody).toContain("<t:EmailAddress>ana.lima@example.com</t:EmailAddress>");
});

test("a call may use an access mode other than the connection's", async () => {
  const open = exchange();
  await open.mailbox("ana.lima@example.com", { access: "delegate" }).folder("inbox");
  await open.mailbox("ana.lima@example.com").folder("inbox");
  expect(new Set(said().map(({ by }) => by))).toEqual(new Set([undefined, "SmtpAddress ana.lima@example.com"]));
});

test("a name that is neither an address nor a user principal name is tried twice, and reported with the first failure", async () => {
  const open = exchange();
  const thrown = await failure(open.mailbox("nobody@example.com").folder("inbox"));
  expect(thrown).toMatchObject({ code: "mailbox-not-found", wireCode: "ErrorNonExistentMailbox" });
  expect(lab.requests.length).toBe(2);
  await failure(open.mailbox("nobody@example.com").folder("inbox"));
  expect(lab.requests.length).toBe(3);
});

test.each([
  ["S-1-5-21-1004336348-1177238915-682003330-512", true],
  ["s-1-5-18", true],
  ["S-1-5", false],
  ["S-1-5-21-", false],
  ["S-1-x-21", false],
  ["S-1-5-21@example.com", false],
  [" S-1-5-21-1", false],
])("%s is a SID: %s", (name, is) => {
  expect(isSid(name)).toBe(is);
});
