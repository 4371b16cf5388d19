import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import type { NewItem } from "../../../src/lab/store/item.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const payload = Buffer.from("the payload");
const sha256 = createHash("sha256").update(payload).digest("hex");
const mailbox = "training@example.com";

const holding = (name: string, item: NewItem): NewItem => ({ subject: name, attachments: [{ kind: "item", name, item }] });
const phish: NewItem = {
  subject: "Phish",
  from: { address: "mallory@example.net" },
  body: { type: "Text", value: "Open it." },
  attachments: [{ kind: "file", name: "Hidden\u00a0In\u200bvoice.zip", contentType: "application/zip", content: payload }],
};

describe.each(backends)("over %s, an attachment of an attached message", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
    at.put(mailbox, holding("reported", phish));
    at.put(mailbox, holding("reported twice", holding("inner", phish)));
    at.put(mailbox, { subject: "another", attachments: [{ kind: "file", name: "notes.txt", content: Buffer.from("x") }] });
  });
  afterAll(() => at.close());
  const found = async (input: Readonly<Record<string, unknown>>) => {
    const answer = await at.run(searchEmailsExtended, { mailbox, limit: 100, ...input });
    expect(answer).toMatchObject({ success: true });
    return (answer.items as { subject: string }[]).map(({ subject }) => subject).sort();
  };

  test("is found by its name, at any level", async () => {
    expect(await found({ attachment_name: "hidden invoice" })).toEqual(["reported", "reported twice"]);
    expect(await found({ attachment_name: "no such name" })).toEqual([]);
  });

  test("is found by the hash of its content, at any level", async () => {
    expect(await found({ attachment_sha256: sha256 })).toEqual(["reported", "reported twice"]);
  });
});
