import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import type { LabRequest } from "../../src/lab/request-log.ts";
import { mail, withParts } from "../exchange/contract-mail.ts";
import { onStage, permissions, type Stage } from "./stage.ts";

const validator = join(import.meta.dirname, "../../../shared/graph-schema/validate-example.mjs");
const isThere = existsSync(validator);
const title = "every request names what Microsoft's types have";

/** One request, alone or out of a batch. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** The requests that the lab saw, those of a batch each for itself. */
function askedIn(requests: readonly LabRequest[]): Asked[] {
  return requests
    .filter(({ path }) => path.startsWith("/v1.0/"))
    .flatMap(({ method, path, requestBody }) => {
      const isJson = requestBody?.startsWith("{") === true;
      const body: unknown = isJson ? JSON.parse(requestBody) : undefined;
      if (!path.endsWith("/$batch")) return [{ method, path: path.slice("/v1.0".length), body }];
      const { requests: steps } = body as { requests: { method: string; url: string; body?: unknown }[] };
      return steps.map((step) => ({ method: step.method, path: step.url, body: step.body }));
    });
}

async function through<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const outcome of outcomes) all.push(outcome);
  return all;
}

/** Everything that the port has, once. */
async function tour({ lab, ann }: Stage, exchange: Exchange): Promise<void> {
  const mailbox = exchange.mailbox(ann.address);
  const deliver = (mime: Uint8Array) => lab.store.deliver(mime, { from: "mallory@example.org", to: [ann.address] })[0]?.item?.id ?? "";
  const [one, two, three] = [deliver(withParts), deliver(mail("two")), deliver(mail("three"))];
  await through(mailbox.get([one, two], { recipients: true, attachments: true, headers: true, body: "html" }));
  await through(mailbox.locate([{ itemId: one }, { internetMessageId: "<two@example.org>" }, { itemId: "AAE/of+ews=" }]));
  const filters = { subject: "t", sender: "mallory", isUnread: true, category: "Blue", importance: "Normal", body: "x" } as const;
  await mailbox.search({ filters, limit: 5, includeRecoverable: true, detail: { recipients: true, body: "preview" } });
  await mailbox.search({ filters: { query: "subject:two", receivedAfter: "2026-01-01T00:00:00Z" }, limit: 5 });
  const [listed] = await through(mailbox.attachments([one]));
  const attachments = listed?.ok ? listed.value : [];
  await through(mailbox.attachedMessages(attachments));
  await mailbox.createFolder("Inbox/Cases");
  await through(mailbox.copy([one, two], { folder: "archive" }));
  await through(mailbox.copy([one], { folder: "archive", mailbox: "bob@example.com" }));
  await through(mailbox.move([two], { folder: "Inbox/Cases" }));
  await through(mailbox.junk([two], { isJunk: true, move: true }));
  await through(mailbox.deleteAttachments(attachments.slice(0, 1).map(({ id }) => id)));
  await mailbox.reply({ itemId: three, all: true, text: "No." });
  await mailbox.send({ to: [{ address: "bob@example.com" }], subject: "s", html: "<p>x</p>" });
  for (const mode of ["trash", "soft", "hard"] as const) await through(mailbox.delete([three], mode));
  await mailbox.contacts({ limit: 5, recursive: true });
  await mailbox.outOfOffice();
  await mailbox.rights();
  await exchange.searchableMailboxes({ filter: "a" });
  lab.store.addGroup({ address: "all@example.com", displayName: "All", members: ["bob@example.com"] });
  await exchange.groupMembers("all@example.com");
  await exchange.messageTrace({ internetMessageId: "<two@example.org>", sender: "m'allory@example.org", subject: "o'clock" });
}

test.skipIf(!isThere)(isThere ? title : `${title} (skipped: ../shared/graph-schema is not there)`, async () => {
  const { checkRequest }: { checkRequest(asked: Asked): string[] } = await import(pathToFileURL(validator).href);
  const stage = await onStage({
    keepBodies: true,
    graph: { tokens: { strong: [...permissions, "MailboxItem.ImportExport.All", "Group.ReadBasic.All", "ExchangeMessageTrace.Read.All"] } },
  });
  await tour(stage, stage.graph());
  const asked = askedIn(stage.lab.requests);
  expect(asked.length).toBeGreaterThan(30);
  // The validator knows no casts in $select: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionselect
  const cast = encodeURIComponent(",microsoft.graph.fileAttachment/contentId");
  const plain = asked.map((one) => ({ ...one, path: one.path.replace(cast, "") }));
  expect(plain.flatMap((one) => checkRequest(one).map((problem) => `${one.method} ${one.path.slice(0, 80)}: ${problem}`))).toEqual([]);
});
