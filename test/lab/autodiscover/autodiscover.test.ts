import { afterEach, expect, test } from "vitest";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
});

const login = `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}`;
const requestNamespace = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
const outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

async function started(options: LabOptions["autodiscover"] = {}): Promise<Lab> {
  lab = await startLab({ seed: false, autodiscover: options });
  lab.store.addUser({ address: "soc@example.com" });
  return lab;
}

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${lab?.url}${path}`, { redirect: "manual", ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const pox = (address: string, schema = outlook) => ({
  method: "POST",
  headers: { authorization: login, "content-type": "text/xml" },
  body: `<Autodiscover xmlns="${requestNamespace}"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`,
});

test("JSON is answered to anybody, and only for EWS", async () => {
  const { ewsUrl } = await started();
  const path = "/autodiscover/autodiscover.json/v1.0/soc%40example.com";
  expect(JSON.parse((await ask(`${path}?Protocol=EWS`)).text)).toEqual({ Protocol: "EWS", Url: ewsUrl });
  const other = await ask(`${path}?Protocol=Rest`);
  expect([other.status, JSON.parse(other.text).ErrorCode]).toEqual([400, "InvalidProtocol"]);
});

test("SOAP and POX require a sign-in, and a plain GET of either is refused", async () => {
  await started();
  for (const path of ["/autodiscover/autodiscover.svc", "/Autodiscover/Autodiscover.xml"]) {
    const unknown = await ask(path, { method: "POST", body: "<a/>", headers: { "content-type": "text/xml" } });
    expect([unknown.status, unknown.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("Basic")]);
    expect((await ask(path, { headers: { authorization: login } })).status).toBe(405);
    const junk = await ask(path, { method: "POST", body: "<a/>", headers: { authorization: login, "content-type": "text/xml" } });
    expect(junk.status).toBe(400);
  }
});

test("POX gives both ways in, knows no strangers, and refuses another schema by its number", async () => {
  const { ewsUrl } = await started({ internalUrl: "https://inside.example.com/EWS/Exchange.asmx" });
  const found = (await ask("/autodiscover/autodiscover.xml", pox("soc@example.com"))).text;
  expect(found).toContain(`<Protocol><Type>EXPR</Type><ASUrl>${ewsUrl}</ASUrl><EwsUrl>${ewsUrl}</EwsUrl></Protocol>`);
  expect(found).toContain(
    "@example.com</Server><ASUrl>https://inside.example.com/EWS/Exchange.asmx</ASUrl><EwsUrl>https://inside.example.com/EWS/Exchange.asmx</EwsUrl></Protocol>",
  );
  expect((await ask("/autodiscover/autodiscover.xml", pox("nobody@example.com"))).text).toContain("<ErrorCode>500</ErrorCode>");
  expect((await ask("/autodiscover/autodiscover.xml", pox("soc@example.com", "urn:x"))).text).toContain("<ErrorCode>601</ErrorCode>");
});

test("the first rule that matches host and protocol applies", async () => {
  const { url } = await started({
    rules: [
      { host: "elsewhere.example.com", behave: { kind: "refuse", status: 500 } },
      { host: "127.0.0.1", protocol: "probe", behave: { kind: "redirect", location: "https://example.com/", status: 307 } },
      { protocol: "json", behave: { kind: "error", code: "UserNotFound" } },
      { protocol: "json", behave: { kind: "refuse", status: 404 } },
    ],
  });
  expect(url).toContain("127.0.0.1");
  const probe = await ask("/autodiscover/autodiscover.xml");
  expect([probe.status, probe.headers.get("location")]).toEqual([307, "https://example.com/"]);
  const json = await ask("/autodiscover/autodiscover.json/v1.0/a%40example.com?Protocol=EWS");
  expect([json.status, JSON.parse(json.text).ErrorCode]).toEqual([400, "UserNotFound"]);
  expect((await ask("/autodiscover/autodiscover.xml", pox("soc@example.com"))).status).toBe(200);
});
