import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { downloadMailAsEml } from "../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../src/actions/get-attachments.ts";
import { openEws } from "../../src/ews/ews.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { type Imported, importFolder } from "../../src/lab/seed/import-folder.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { perform } from "../../src/perform/perform.ts";

const corpus = fileURLToPath(new URL("../../../shared/corpus/phishing", import.meta.url));
const there = existsSync(corpus);

describe.skipIf(!there)(`real phishing mail${there ? "" : " (skipped: ../shared/corpus is not here)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-corpus-"));
  let lab: Lab;
  let exchange: Exchange;
  let imported: readonly Imported[];

  beforeAll(async () => {
    lab = await startLab({ seed: true });
    imported = importFolder(lab.store, corpus);
    const authorization = `Basic ${Buffer.from(`${socAddress}:${labPassword}`).toString("base64")}`;
    exchange = openEws({
      url: lab.ewsUrl,
      authorize: async () => ({ authorization }),
      access: "impersonation",
      defaultMailbox: socAddress,
    });
  });
  afterAll(async () => {
    await exchange.close();
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const host = () => ({ exchange, evidence: openEvidence(folder), audit: undefined });

  it("is imported whole: no file is refused", () => {
    expect(imported.map((each) => each.file).sort()).toEqual(
      readdirSync(corpus)
        .filter((name) => name.endsWith(".eml"))
        .sort(),
    );
  });

  it("is found by its Message-ID and downloaded byte for byte, every one", async () => {
    const wrong: string[] = [];
    for (const { file, mailboxes, messageId } of imported) {
      const answer = await perform(downloadMailAsEml, { mailbox: mailboxes[0], internet_message_id: [messageId] }, host());
      const sha256 = createHash("sha256")
        .update(readFileSync(join(corpus, file)))
        .digest("hex");
      if (!answer.success || !(answer.results ?? []).some((result) => result.sha256 === sha256)) wrong.push(`${file}: ${answer.message}`);
    }
    expect(wrong).toEqual([]);
  });

  it("gives its attachments with the bytes that another parser finds in it, every one", async () => {
    const wrong: string[] = [];
    for (const { file, mailboxes, messageId } of imported) {
      const parsed = await PostalMime.parse(readFileSync(join(corpus, file)), { forceRfc822Attachments: true });
      const expected = parsed.attachments.map((each) =>
        createHash("sha256")
          .update(Buffer.from(each.content as ArrayBuffer))
          .digest("hex"),
      );
      const answer = await perform(
        getAttachments,
        { mailbox: mailboxes[0], internet_message_id: [messageId], expand_nested: false },
        host(),
      );
      const got = new Set((answer.results ?? []).map((result) => result.sha256));
      if (!answer.success || !expected.every((hash) => got.has(hash)))
        wrong.push(`${file}: ${expected.length} expected, ${got.size} given: ${answer.message}`);
    }
    expect(wrong).toEqual([]);
  });
});
