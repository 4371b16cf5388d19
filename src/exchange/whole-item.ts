import { Failure } from "../failure.ts";
import { attempt, done, failed, type Outcome, takeOnly } from "../outcome.ts";
import type { Mailbox } from "./exchange.ts";
import type { Content } from "./message.ts";

/** A message in a form that can be kept. */
export interface WholeItem extends Content {
  /** `export`: a form that only an import into Exchange can read. */
  readonly form: "mime" | "export";
  /** Reason why it is not MIME; one sentence. */
  readonly note?: string | undefined;
}

/** Returns each message in RFC 5322 form, or as Exchange exports it if Exchange cannot convert it to MIME. */
export async function* wholeItems(
  mailbox: Pick<Mailbox, "mime" | "exported">,
  itemIds: readonly string[],
): AsyncGenerator<Outcome<WholeItem>> {
  let at = 0;
  for await (const outcome of mailbox.mime(itemIds)) {
    const id = itemIds[at++] ?? "";
    if (outcome.ok) yield done({ ...outcome.value, form: "mime" });
    else yield outcome.failure.code === "unreadable" ? await exportOf(mailbox, id, outcome.failure) : outcome;
  }
}

async function exportOf(mailbox: Pick<Mailbox, "exported">, id: string, why: Failure): Promise<Outcome<WholeItem>> {
  const reason = `Exchange could not convert the message to MIME (${(why.wireCode ?? why.message).slice(0, 200)})`;
  const exported = await attempt(() => takeOnly(mailbox.exported([id])));
  if (exported.ok) {
    const note = `${reason}: the evidence is Exchange's own export of it (ExportItems), which only an import into Exchange reads.`;
    return done({ ...exported.value, form: "export", note });
  }
  const { failure } = exported;
  if (failure.code === "cancelled") throw failure;
  const { wireCode, requestId } = why;
  const hint = `The message is damaged or has content that Exchange cannot convert. Its export failed as well: ${failure.message} ${failure.hint}`;
  return failed(new Failure("unreadable", `${reason}.`, { hint, wireCode, requestId, cause: failure }));
}
