import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPassword } from "../../src/lab/store/store.ts";

// Debian's packages davmail, with a Java, and python3.
const program = "/usr/share/davmail/davmail.jar";
const python = "/usr/bin/python3";
const driver = fileURLToPath(new URL("drive_davmail.py", import.meta.url));
const listed =
  existsSync(program) && spawnSync("java", ["-version"]).status === 0 ? spawnSync(python, ["-B", driver, "--list"]) : undefined;
const isInstalled = listed?.status === 0;
const checks: readonly string[] = isInstalled ? JSON.parse(listed.stdout.toString("utf8")) : ["none"];

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  await promisify(server.close.bind(server))();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** DavMail between IMAP and SMTP and the lab's EWS. It writes its settings into its own folder only. */
function startDavmail(lab: Lab, folder: string, imap: number, smtp: number): ChildProcess {
  const off = ["ldapPort", "popPort", "caldavPort"].map((name) => `davmail.${name}=`);
  const settings = [
    ...["davmail.server=true", "davmail.mode=EWS", "davmail.bindAddress=127.0.0.1", "davmail.allowRemote=false", ...off],
    ...[`davmail.url=${lab.ewsUrl}`, `davmail.imapPort=${imap}`, `davmail.smtpPort=${smtp}`, "davmail.disableUpdateCheck=true"],
    ...[
      "davmail.disableGuiNotifications=true",
      "davmail.disableTrayActivitySwitch=true",
      `davmail.logFilePath=${join(folder, "davmail.log")}`,
    ],
    ...["davmail.smtpSaveInSent=true", "davmail.imapIdleDelay=", "davmail.keepDelay=30", "log4j.rootLogger=WARN"],
  ];
  const file = join(folder, "davmail.properties");
  writeFileSync(file, settings.join("\n"));
  return spawn("java", ["-Xmx256M", "-Djava.awt.headless=true", `-Duser.home=${folder}`, "-jar", program, "-server", file], {
    stdio: ["ignore", "ignore", "ignore"],
  });
}

describe.skipIf(!isInstalled)(
  `DavMail serves the lab over IMAP and SMTP${isInstalled ? "" : " (skipped: the packages davmail and a Java are not installed)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "davmail-"));
    let lab: Lab;
    let davmail: ChildProcess | undefined;
    let seen: Readonly<Record<string, string | null>> = {};

    beforeAll(async () => {
      lab = await startLab();
      const [imap, smtp] = [await freePort(), await freePort()];
      davmail = startDavmail(lab, folder, imap, smtp);
      const told = { imap, smtp, user: "hr@example.com", password: labPassword, other: "user09@example.com" };
      const { stdout } = await promisify(execFile)(python, ["-B", driver, JSON.stringify(told)], { maxBuffer: 1 << 24 });
      seen = JSON.parse(stdout);
    }, 300_000);
    afterAll(async () => {
      if (davmail !== undefined && davmail.exitCode === null) {
        davmail.kill();
        await once(davmail, "exit");
      }
      await lab.close();
      rmSync(folder, { recursive: true });
    });

    test.each(checks)("%s", (claim) => {
      expect(seen).toHaveProperty([claim], null);
    });
  },
);
