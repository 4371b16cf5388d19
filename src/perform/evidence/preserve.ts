import type { Context, Digests, EvidenceStore, Kept, Prepared, Row, Source } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import { checkFile, checkMessage, openDigestingReader } from "../../message-content/check-whole.ts";
import { attempt } from "../../outcome.ts";
import { type Item, outcomesFor, targetsOf } from "../items.ts";

/** Keeps the bytes of each item. An item whose bytes could not be kept fails and is not changed. */
export async function preserveEach(items: readonly Item[], preserve: NonNullable<Prepared["preserve"]>, context: Context): Promise<void> {
  const sources = outcomesFor(items.length, preserve(targetsOf(items), context), "keep as evidence");
  let at = 0;
  for await (const source of sources) {
    const item = items[at++];
    if (item === undefined) break;
    const kept = source.ok ? await attempt(() => keepWhole(source.value, sourceOf(item, context), context.evidence)) : source;
    const note = source.ok ? source.value.note : undefined;
    if (kept.ok) item.evidence = note === undefined ? kept.value : { ...kept.value, note };
    else {
      item.status = "failed";
      item.failure =
        kept.failure.code === "evidence-failed" || kept.failure.code === "cancelled" ? kept.failure : evidenceUnreadable(kept.failure);
    }
  }
}

/** Keeps a message, and its export if requested. Without both, the item is not changed. */
async function keepWhole(bytes: Source, source: Row, evidence: EvidenceStore): Promise<Kept> {
  const kept = await keepBytes(bytes, source, evidence);
  if (bytes.export === undefined) return kept;
  const { name, open: again } = bytes.export;
  return { ...kept, export: await keepBytes({ name, bytes: await again(), again }, source, evidence) };
}

/** Keeps bytes before a deletion relies on them: only if two readings show that they are complete. */
async function keepBytes({ name, bytes, again, message }: Source, source: Row, evidence: EvidenceStore): Promise<Kept> {
  if (message === undefined) {
    return await evidence.keep(bytes, { name, source, confirm: async (first) => checkFile(await again(), first) });
  }
  const reader = openDigestingReader();
  const confirm = async ({ sha256 }: Digests) => checkMessage(await again(), { ...reader.end(), sha256 }, message);
  return await evidence.keep(reader.through(bytes), { name, source, confirm });
}

/** Returns the source of the bytes for the index of the evidence. */
function sourceOf(item: Item, context: Context): Row {
  const { item_id, internet_message_id, attachment_id } = item.row;
  return { mailbox: context.mailbox.address, item_id, internet_message_id, attachment_id };
}

function evidenceUnreadable(why: Failure): Failure {
  const { wireCode, requestId, hint } = why;
  return new Failure("evidence-failed", `The evidence could not be read: ${why.message}`, { cause: why, hint, wireCode, requestId });
}
