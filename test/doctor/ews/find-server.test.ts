import { expect, onTestFinished, test } from "vitest";
import { type LabOptions, startLab } from "../../../src/lab/lab.ts";
import { startProxy } from "../../../src/lab/proxy.ts";
import { namesCertificate } from "../../lab/names-certificate.ts";
import { basic, examine, file } from "../examine.ts";

/** example.com as only a proxy knows it: its Autodiscover and its mail server are the lab. */
async function organisation(autodiscover: LabOptions["autodiscover"] = {}) {
  const lab = await startLab({
    tls: namesCertificate,
    autodiscover: { externalUrl: "https://mail.example.com/EWS/Exchange.asmx", ...autodiscover },
  });
  onTestFinished(() => lab.close());
  const { host } = new URL(lab.url);
  const names = ["example.com", "autodiscover.example.com", "mail.example.com", "elsewhere.example.net"];
  const proxy = await startProxy({ routes: Object.fromEntries(names.map((name) => [`${name}:443`, host])) });
  onTestFinished(() => proxy.close());
  const connection = {
    ews: { autodiscover: true, ca_file: file("ca.pem", namesCertificate.cert) },
    auth: basic(),
    mailbox: "user03@example.com",
    proxy: { url: proxy.url },
  };
  return { lab, connection };
}

test("the server that Autodiscover names is checked", async () => {
  const { connection } = await organisation();
  const report = await examine(connection);
  expect(report.step("autodiscover")).toMatchObject({ status: "ok" });
  expect(report.step("autodiscover").found).toMatch(/^https:\/\/mail\.example\.com\/EWS\/Exchange\.asmx \(/);
  expect(report.step("tls").tried).toBe("opened a TLS connection to mail.example.com");
  expect(report).toMatchObject({ success: true });
});

test("a host outside of the domain leads to the setting that allows it, and no password goes there", async () => {
  const { lab, connection } = await organisation({ externalUrl: "https://elsewhere.example.net/EWS/Exchange.asmx" });
  const report = await examine(connection);
  expect(report.step("autodiscover")).toMatchObject({ status: "failed", code: "invalid-settings" });
  expect(report.next("autodiscover")).toContain('allow_hosts: ["elsewhere.example.net"]');
  expect(report.step("ews").status).toBe("skipped");
  expect(lab.requests.filter(({ path }) => path === "/EWS/Exchange.asmx")).toEqual([]);
});

test("a domain without Autodiscover is reported with every URL tried, and leads to ews.url", async () => {
  const { connection } = await organisation({ rules: [{ behave: { kind: "refuse", status: 404 } }] });
  const report = await examine(connection);
  expect(report.step("autodiscover").status).toBe("failed");
  expect(report.step("autodiscover").found).toContain("https://autodiscover.example.com/");
  expect(report.next("autodiscover")).toContain("Give the URL of EWS itself: ews.url");
  expect(report.step("autodiscover").next).toContain("Get-WebServicesVirtualDirectory | Format-List ExternalUrl,InternalUrl");
});
