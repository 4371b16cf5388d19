// src/sweeps/restore/: Restores messages that Exchange no longer has from their evidence, and checks at the plan that this will be possible.

import { createHash } from "node:crypto";
import type { Mailbox } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import { attempt, takeOnly } from "../../outcome.ts";
import type { Host } from "../../perform/perform.ts";
import type { TargetFacts } from "../target-facts.ts";

/** Targets in one mailbox. */
interface Hit {
  readonly targets: readonly TargetFacts[];
}

/** Returns the back ends of the mailboxes with targets, each with one message. Throws Failure if a back end cannot be determined. */
export async function backendsOf(hit: readonly Hit[], { exchange, signal }: Host): Promise<ReadonlyMap<"ews" | "graph", TargetFacts>> {
  const found = new Map<"ews" | "graph", TargetFacts>();
  for (const { targets } of hit) {
    const message = targets.find(({ residue }) => residue !== "calendar");
    if (message === undefined) continue;
    const backend = (await exchange.mailbox(message.mailbox, { signal }).route?.()) ?? exchange.backend;
    if (backend !== "auto" && !found.has(backend)) found.set(backend, message);
  }
  return found;
}

/** Exports one message over each back end, twice: a plan promises that messages come back from their exports. Throws Failure if one cannot be exported. */
export async function checkExports(backends: ReadonlyMap<"ews" | "graph", TargetFacts>, { exchange, signal }: Host): Promise<void> {
  for (const { mailbox: address, item_id: id } of backends.values()) {
    const mailbox = exchange.mailbox(address, { signal });
    const hashes = await attempt(async () => [await hashOf(id, mailbox), await hashOf(id, mailbox)] as const);
    if (!hashes.ok && hashes.failure.code === "cancelled") throw hashes.failure;
    const why = hashes.ok ? "two exports of it differ" : hashes.failure.message;
    if (hashes.ok && hashes.value[0] === hashes.value[1]) continue;
    throw new Failure(
      hashes.ok ? "evidence-failed" : hashes.failure.code,
      `A message of ${address} could not be exported, so keep_export would let nothing be deleted: ${why} There is no plan.`,
      {
        hint: "Plan without keep_export: messages then come back from their .eml. Over Microsoft Graph, exports need MailboxItem.ImportExport.All and User.Read.All.",
        cause: hashes.ok ? undefined : hashes.failure,
      },
    );
  }
}

async function hashOf(id: string, mailbox: Mailbox): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of (await takeOnly(mailbox.exported([id]))).bytes) hash.update(piece);
  return hash.digest("hex");
}
