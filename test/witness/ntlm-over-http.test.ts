import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import { testCertificate } from "../lab/certificate.ts";
import { anna, startSmallLab } from "../lab/ews/soap-client.ts";

// Clients that are not ours sign in at the lab: what it takes and refuses is what NTLM is, and no private agreement of ours.
const run = promisify(execFile);
const hasCurl = /\bNTLM\b/.test(spawnSync("curl", ["--version"]).stdout?.toString() ?? "");
const python = "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import requests_ntlm, exchangelib"]).status === 0;

let folder: string;
let ca: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-witness-"));
  ca = join(folder, "ca.pem");
  writeFileSync(ca, testCertificate.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));

let lab: Lab;
afterEach(() => lab.close());
async function start(signIn: LabOptions["signIn"], secure: boolean): Promise<Lab> {
  lab = await startSmallLab({ signIn: { schemes: ["Negotiate", "NTLM"], ...signIn }, ...(secure ? { tls: testCertificate } : {}) });
  return lab;
}
const signIns = () => lab.requests.map(({ signIn }) => signIn);

describe.skipIf(!hasCurl)(`curl --ntlm${hasCurl ? "" : " (skipped: curl with NTLM is not installed)"}`, () => {
  const curl = async (user: string, urls: readonly string[]) => {
    const { stdout } = await run("curl", [
      "-sS",
      "--ntlm",
      "--cacert",
      ca,
      "-u",
      user,
      "-w",
      "%{http_code} ",
      ...urls.flatMap((url) => [url, "-o", "/dev/null"]),
    ]);
    return stdout.trim().split(" ");
  };

  test.each([
    ["http", false],
    ["https", true],
  ])("signs in over %s, once for all requests of its connection", async (_, secure) => {
    const { ewsUrl } = await start({}, secure);
    expect(await curl("EXAMPLE\\anna:anna-secret", [ewsUrl, ewsUrl])).toEqual(["200", "200"]);
    expect(signIns()).toEqual(["NTLM: challenged", "NTLM", "connection"]);
    expect(lab.requests.at(-1)?.caller).toBe(anna);
  });

  test("is refused with a wrong password", async () => {
    const { ewsUrl } = await start({}, true);
    expect(await curl("EXAMPLE\\anna:wrong", [ewsUrl])).toEqual(["401"]);
    expect(signIns()).toContain("NTLM: wrong password");
  });

  test("is refused where a channel binding is required, which it does not give", async () => {
    const { ewsUrl } = await start({ extendedProtection: "Require" }, true);
    expect(await curl("EXAMPLE\\anna:anna-secret", [ewsUrl])).toEqual(["401"]);
    expect(signIns()).toContain("NTLM: no channel binding");
  });
});

describe.skipIf(!hasPython)(
  `requests_ntlm and exchangelib${hasPython ? "" : " (skipped: python3-requests-ntlm and python3-exchangelib are not installed)"}`,
  () => {
    const drive = async (password: string, secure: boolean) => {
      const told = { url: lab.ewsUrl, user: "EXAMPLE\\anna", password, mailbox: anna, ca: secure ? ca : null };
      const driver = fileURLToPath(new URL("drive_requests_ntlm.py", import.meta.url));
      return JSON.parse((await run(python, [driver, JSON.stringify(told)])).stdout);
    };

    test("sign in over TLS with a channel binding, which is required", async () => {
      await start({ extendedProtection: "Require" }, true);
      expect(await drive("anna-secret", true)).toEqual({ requests_ntlm: 200, exchangelib: "Inbox" });
    });

    test("exchangelib signs in over plain http", async () => {
      await start({}, false);
      // requests_ntlm looks for a certificate there too, and finds its socket closed where the answer was short.
      expect(await drive("anna-secret", false)).toMatchObject({ exchangelib: "Inbox" });
    });

    test("are refused with a wrong password", async () => {
      await start({}, true);
      expect(await drive("wrong", true)).toEqual({ requests_ntlm: 401, exchangelib: "UnauthorizedError" });
      expect(signIns()).toContain("NTLM: wrong password");
    });
  },
);
