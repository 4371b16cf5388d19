import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Copied } from "../../../src/exchange/exchange.ts";
import { copy } from "../../../src/graph/moving/move-copy-delete.ts";
import type { UnpromisedBehaviour } from "../../../src/graph/unpromised.ts";
import { immutableId, restId } from "../../../src/lab/graph/ids.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { all } from "../../exchange/contract-stage.ts";
import { labMailbox } from "../lab-mailbox.ts";
import { onStage, permissions, type Stage } from "../stage.ts";

const carrying = [...permissions, "MailboxItem.ImportExport.All"];
const stageWith = (granted: readonly string[] = carrying, options: LabOptions = {}) =>
  onStage({ ...options, graph: { ...options.graph, tokens: { strong: granted } } });

function deliver({ lab, ann }: Stage, subject: string, body = "x"): LabItem {
  const mime = Buffer.from(`From: mallory@example.org\r\nTo: ann@example.com\r\nSubject: ${subject}\r\n\r\n${body}\r\n`);
  const at = new Date("2026-01-02T03:04:05Z");
  const item = lab.store.deliver(mime, { from: "mallory@example.org", to: [ann.address], at })[0]?.item;
  if (item === undefined) throw new Error("It was not delivered.");
  return item;
}

/** A message whose ids of EWS and of Graph differ: most have none of the two characters that do. */
function deliverUnlike(stage: Stage, subject: string): LabItem {
  for (let tries = 0; tries < 1000; tries++) {
    const item = deliver(stage, subject);
    if (restId(item.id) !== item.id) return item;
  }
  throw new Error("All ids are alike.");
}

const toBob = ({ lab, ann }: Stage, ids: readonly string[], behaviour: Partial<UnpromisedBehaviour> = {}, folder = "archive") =>
  all(copy(labMailbox(lab.graphUrl, ann.address, {}, behaviour), ids, { folder, mailbox: "bob@example.com" }));
const inBobs = ({ lab }: Stage, folder = "archive"): readonly LabItem[] => [
  ...(lab.store.mailbox("bob@example.com")?.known(folder).items.values() ?? []),
];
const how = (outcomes: readonly Outcome<Copied>[]) => outcomes.map((one) => (one.ok ? one.value.method : one.failure.code));
/** A folder for temporary files that no other test uses. */
function ownTemporary(): string {
  const own = mkdtempSync(join(tmpdir(), "mailcordon-test-"));
  vi.stubEnv("TMPDIR", own);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(own, { recursive: true });
  });
  return own;
}

test("a message is copied with everything that Exchange keeps of it, and the answer names the method", async () => {
  const stage = await stageWith();
  const item = deliver(stage, "evidence");
  stage.ann.update(item, { isRead: true, categories: ["Red"] });
  const temporary = ownTemporary();
  const [outcome] = await toBob(stage, [immutableId(item)]);
  const [found] = inBobs(stage);
  expect(found).toMatchObject({ subject: "evidence", isDraft: false, isRead: true, categories: ["Red"] });
  expect(found?.receivedAt).toEqual(item.receivedAt);
  expect(outcome).toEqual({ ok: true, value: { newItemId: found && immutableId(found), method: "export-import" } });
  expect(readdirSync(temporary)).toEqual([]);
});

test("ids of every form are accepted and answered in order", async () => {
  const stage = await stageWith();
  const [one, two, three] = [deliver(stage, "one"), deliver(stage, "two"), deliver(stage, "three")];
  const gone = immutableId(deliver(stage, "gone"));
  for (const item of stage.ann.known("inbox").items.values()) if (item.subject === "gone") stage.ann.remove(item);
  const outcomes = await toBob(stage, [immutableId(one), gone, restId(two.id), three.id]);
  expect(how(outcomes)).toEqual(["export-import", "not-found", "export-import", "export-import"]);
  expect(inBobs(stage).map(({ subject }) => subject)).toEqual(["one", "two", "three"]);
});

test("twenty-five messages need one session, and each its export and import", async () => {
  const stage = await stageWith();
  const ids = Array.from({ length: 25 }, (_, at) => immutableId(deliver(stage, `mail ${at}`)));
  expect(new Set(how(await toBob(stage, ids)))).toEqual(new Set(["export-import"]));
  const asked = (name: string) => stage.lab.requests.filter(({ operation }) => operation === name).length;
  expect(["mailbox-createimportsession", "mailbox-exportitems", "mailbox-import-item"].map(asked)).toEqual([1, 25, 25]);
});

test("a message above the limit of the RFC 5322 form is copied unchanged", async () => {
  const stage = await stageWith();
  const item = deliver(stage, "large", "0123456789".repeat(7).concat("\r\n").repeat(170_000));
  expect(how(await toBob(stage, [immutableId(item)]))).toEqual(["export-import"]);
  const [found] = inBobs(stage);
  const digest = (text = "") => createHash("sha256").update(text.trim()).digest("hex");
  expect(digest(found?.body.value)).toBe(digest(item.body.value));
});

test("an import sends no token except that of the session", async () => {
  const stage = await stageWith();
  await toBob(stage, [immutableId(deliver(stage, "one"))]);
  const [imported] = stage.lab.requests.filter(({ operation }) => operation === "mailbox-import-item");
  expect(imported).toMatchObject({ status: 200, caller: undefined });
});

describe("a copy in RFC 5322 form, with its reason,", () => {
  const byMime = async (stage: Stage, behaviour: Partial<UnpromisedBehaviour> = {}, make = deliver) => {
    const ids = ["one", "two"].map((subject) => immutableId(make(stage, subject)));
    const outcomes = await toBob(stage, ids, behaviour);
    expect(how(outcomes)).toEqual(["mime", "mime"]);
    expect(inBobs(stage).map(({ subject, isDraft }) => [subject, isDraft])).toEqual([
      ["one", true],
      ["two", true],
    ]);
    const [first] = outcomes;
    return first?.ok ? (first.value.note ?? "") : "";
  };

  test("is made in a cloud without export and import, without a request for them", async () => {
    const stage = await stageWith();
    expect(await byMime(stage, { importExport: false })).toContain("This cloud has no export and import");
    expect(stage.lab.requests.some(({ path }) => path.includes("/admin/") || path.includes("/settings/"))).toBe(false);
  });

  test("is made in a cloud that turns out to have no export and import", async () => {
    expect(await byMime(await stageWith(carrying, { graph: { importExport: false } }))).toContain("BadRequest");
  });

  test.each([
    ["MailboxItem.ImportExport.All", carrying.filter((one) => one !== "MailboxItem.ImportExport.All")],
    ["MailboxItem.ImportExport.All", [...permissions, "MailboxItem.Export.All"]],
    ["User.Read.All", carrying.filter((one) => one !== "User.Read.All")],
  ])("is made without the permission %s", async (missing, granted) => {
    expect(await byMime(await stageWith(granted))).toContain(missing);
  });

  test("is made when Graph refuses the export, which is then not requested again", async () => {
    const stage = await stageWith();
    stage.lab.addFault({ kind: "403", operation: "mailbox-exportitems" });
    expect(await byMime(stage)).toContain("lacks");
    expect(stage.lab.requests.filter(({ operation }) => operation === "mailbox-exportitems")).toHaveLength(1);
  });

  test("is made for an id in a form that exportItems refuses, unless the setting says that exportItems accepts it", async () => {
    const stage = await stageWith(carrying, { graph: { exportIds: "ewsId" } });
    expect(await byMime(stage, {}, deliverUnlike)).toContain("ErrorInvalidIdMalformed");
    const ids = ["three", "four"].map((subject) => immutableId(deliverUnlike(stage, subject)));
    expect(how(await toBob(stage, ids, { exportIds: "ewsId" }))).toEqual(["export-import", "export-import"]);
  });

  test("is made for immutable ids unless the setting says that exportItems accepts them", async () => {
    const stage = await stageWith(carrying, { graph: { exportIds: "restImmutableEntryId" } });
    expect(await byMime(stage)).toContain("ErrorInvalidIdMalformed");
    const item = deliver(stage, "three");
    const ids = [immutableId(item), restId(item.id)];
    expect(how(await toBob(stage, ids, { exportIds: "restImmutableEntryId" }))).toEqual(["export-import", "export-import"]);
  });

  test("of more than 3 MB is too-large with a hint, and leaves nothing", async () => {
    const stage = await stageWith(permissions);
    const [outcome] = await toBob(stage, [immutableId(deliver(stage, "large", "x".repeat(76).concat("\r\n").repeat(45_000)))]);
    expect(outcome).toMatchObject({
      ok: false,
      failure: { code: "too-large", hint: expect.stringContaining("MailboxItem.ImportExport.All") },
    });
    expect([...inBobs(stage), ...inBobs(stage, "drafts")]).toEqual([]);
  });
});

describe("a lost answer", () => {
  test("to an import is unknown-outcome: it is not repeated, nor done with another method", async () => {
    const stage = await stageWith();
    const ids = ["one", "two"].map((subject) => immutableId(deliver(stage, subject)));
    stage.lab.addFault({ kind: "reset-after", operation: "mailbox-import-item" });
    const outcomes = await toBob(stage, ids);
    expect(how(outcomes)).toEqual(["unknown-outcome", "export-import"]);
    expect(outcomes[0]).toMatchObject({ failure: { hint: expect.stringContaining("bob@example.com") } });
    expect(inBobs(stage).map(({ subject }) => subject)).toEqual(["one", "two"]);
  });

  test("to an export, whole or in the middle, is requested again", async () => {
    const stage = await stageWith();
    stage.lab.addFault({ kind: "reset-after", operation: "mailbox-exportitems" });
    stage.lab.addFault({ kind: "truncate", operation: "mailbox-exportitems" });
    expect(how(await toBob(stage, [immutableId(deliver(stage, "one"))]))).toEqual(["export-import"]);
    expect(inBobs(stage)).toHaveLength(1);
  });
});

test("a throttled import is done after its wait", async () => {
  const stage = await stageWith();
  stage.lab.addFault({ kind: "429", operation: "mailbox-import-item", backOffMs: 10 });
  expect(how(await toBob(stage, [immutableId(deliver(stage, "one"))]))).toEqual(["export-import"]);
  expect(inBobs(stage)).toHaveLength(1);
});

test("a session that ends too early is followed by another", async () => {
  const stage = await stageWith();
  stage.lab.addFault({ kind: "401", operation: "mailbox-import-item" });
  expect(how(await toBob(stage, [immutableId(deliver(stage, "one"))]))).toEqual(["export-import"]);
  expect(stage.lab.requests.filter(({ operation }) => operation === "mailbox-createimportsession")).toHaveLength(2);
});

test("an import that is refused for one message leaves the others as they are", async () => {
  const stage = await stageWith();
  const ids = ["one", "two"].map((subject) => immutableId(deliver(stage, subject)));
  stage.lab.addFault({ kind: "item-error", operation: "mailbox-import-item", code: "ErrorCorruptData" });
  expect(how(await toBob(stage, ids))).toEqual(["mime", "export-import"]);
});

test("a missing folder fails every message before any export", async () => {
  const stage = await stageWith();
  const ids = [immutableId(deliver(stage, "one")), immutableId(deliver(stage, "two"))];
  expect(how(await toBob(stage, ids, {}, "Inbox/Nowhere"))).toEqual(["folder-not-found", "folder-not-found"]);
  expect(stage.lab.requests.some(({ path }) => path.includes("/admin/"))).toBe(false);
});
