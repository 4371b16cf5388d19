import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether the program `openssl` is there to make certificates for a test. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export interface MadeCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
}

/** Does something in a folder of its own, in which `openssl` runs. */
export function withOpenssl<T>(work: (run: (...words: readonly string[]) => void, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-openssl-"));
  try {
    return work((...words) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" }), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A certificate for 127.0.0.1 and localhost that signs itself, made anew. `algorithm` and `digest` are openssl's words. */
export function makeCertificate(algorithm: readonly string[], digest: readonly string[]): MadeCertificate {
  return withOpenssl((run, folder) => {
    run("genpkey", ...algorithm, "-out", "key.pem");
    const names = ["-subj", "/CN=made for a test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
    run("req", "-x509", "-key", "key.pem", "-out", "cert.pem", "-days", "2", ...names, ...digest);
    return { key: readFileSync(join(folder, "key.pem"), "utf8"), cert: readFileSync(join(folder, "cert.pem"), "utf8") };
  });
}
