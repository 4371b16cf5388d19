import { describe, expect, onTestFinished, test } from "vitest";
import { failures } from "../../src/failure.ts";
import { startProxy } from "../../src/lab/proxy.ts";
import { testCertificate } from "../lab/certificate.ts";
import { namesCertificate } from "../lab/names-certificate.ts";
import { examine, file, openLab, service } from "./examine.ts";

const ca = (certificate = testCertificate) => file("ca.pem", certificate.cert);

test("a certificate of an authority in the settings passes, with its remaining days", async () => {
  const lab = await openLab({ tls: testCertificate });
  const report = await examine(service(lab, { ews: { url: lab.ewsUrl, ca_file: ca() } }));
  expect(report).toMatchObject({ success: true });
  expect(report.step("tls").found).toMatch(/^TLSv1\.[23]; certificate of CN=.*, valid until 2126-10-30 \(in \d{5} days\)$/);
});

test("an unknown authority leads to ca_file, and no password is sent", async () => {
  const lab = await openLab({ tls: testCertificate });
  const report = await examine(service(lab));
  expect(report.step("tls")).toMatchObject({ status: "failed", code: "tls-failed" });
  expect(report.next("tls")).toContain("ews: { ca_file:");
  expect(report.exit).toBe(failures["tls-failed"].exit);
  expect(lab.requests).toEqual([]);
});

test("an expired certificate is reported as expired", async () => {
  const lab = await openLab({ tls: testCertificate });
  const now = () => Date.UTC(2126, 10, 2);
  const report = await examine(service(lab, { ews: { url: lab.ewsUrl, ca_file: ca() } }), { now });
  expect(report.step("tls").found).toMatch(/^The certificate has expired.*, valid until 2126-10-30 \(2 days ago\)$/);
  expect(report.next("tls")).toContain("Enable-ExchangeCertificate");
});

test("a certificate that ends within a month is a warning", async () => {
  const lab = await openLab({ tls: testCertificate });
  const report = await examine(service(lab, { ews: { url: lab.ewsUrl, ca_file: ca() } }), { now: () => Date.UTC(2126, 9, 20) });
  expect(report.step("tls")).toMatchObject({ status: "warning" });
  expect(report.step("tls").found).toContain("(in 10 days)");
});

describe("a certificate for another name", () => {
  test("is reported with the names that it has", async () => {
    const lab = await openLab({ tls: namesCertificate });
    const report = await examine(service(lab, { ews: { url: lab.ewsUrl, ca_file: ca(namesCertificate) } }));
    expect(report.step("tls").found).toMatch(/^The certificate is not for 127\.0\.0\.1.*DNS:\*\.example\.net/);
    expect(report.next("tls")).toContain("tls.server_name");
  });

  test("passes if the settings name it", async () => {
    const lab = await openLab({ tls: namesCertificate });
    const connection = service(lab, { ews: { url: lab.ewsUrl, ca_file: ca(namesCertificate) }, tls: { server_name: "mail.example.net" } });
    expect(await examine(connection)).toMatchObject({ success: true });
  });
});

test("certificates that are not checked are a warning, whatever they are", async () => {
  const lab = await openLab({ tls: testCertificate });
  const report = await examine(service(lab, { tls: { verify: false } }));
  expect(report).toMatchObject({ success: true });
  expect(report.step("tls")).toMatchObject({ status: "warning" });
  for (const step of ["settings", "tls"] as const) expect(report.step(step).found).toContain("tls.verify is false");
});

test("a port that does not speak TLS is reported as such", async () => {
  const lab = await openLab();
  const report = await examine(service(lab, { ews: { url: lab.ewsUrl.replace("http:", "https:") } }));
  expect(report.step("tls")).toMatchObject({ status: "failed", code: "tls-failed" });
  expect(report.next("tls")).toContain("Check the port");
});

describe("through a proxy", () => {
  async function behind(options: Parameters<typeof startProxy>[0] = {}) {
    const lab = await openLab({ tls: namesCertificate });
    const proxy = await startProxy({ routes: { "mail.example.net:443": new URL(lab.url).host }, ...options });
    onTestFinished(() => proxy.close());
    const ews = { url: "https://mail.example.net/EWS/Exchange.asmx", ca_file: ca(namesCertificate) };
    return { lab, proxy, ews };
  }

  test("doctor resolves and connects to the proxy", async () => {
    const { lab, proxy, ews } = await behind();
    const report = await examine(service(lab, { ews, proxy: { url: proxy.url } }));
    expect(report).toMatchObject({ success: true });
    expect(report.step("proxy").found).toBe(`${proxy.url}, without a user name`);
    expect(report.step("tcp").tried).toContain("(the proxy)");
  });

  test("a proxy that requires a password leads to its settings", async () => {
    const { lab, proxy, ews } = await behind({ users: { soc: "right" } });
    const report = await examine(service(lab, { ews, proxy: { url: proxy.url } }));
    expect(report.step("tls")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("tls")).toContain("proxy.username");
  });

  test("a refusal of the host leads to the proxy's administrator", async () => {
    const { lab, proxy, ews } = await behind({ refused: ["mail.example.net"] });
    const report = await examine(service(lab, { ews, proxy: { url: proxy.url } }));
    expect(report.step("tls")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("tls")).toContain("proxy's administrator allow");
  });
});
