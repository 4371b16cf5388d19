import { randomUUID } from "node:crypto";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Mailbox } from "../exchange/exchange.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt, failed, type Outcome } from "../outcome.ts";
import type { AuditEntry } from "../perform/audit/audit-log.ts";
import type { PlannedTarget, SweepRun } from "./sweep-run.ts";

/** Runs `work` on one target between two entries in the audit log. If the first entry cannot be written, `work` does not run. */
export async function changeAudited<T>(
  action: string,
  { frozen }: PlannedTarget,
  mailbox: Mailbox,
  { host, worker }: SweepRun,
  work: () => Promise<T>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Outcome<T>> {
  const { item_id, internet_message_id, subject, starts_at } = frozen;
  const entry: Omit<AuditEntry, "phase"> = {
    action,
    effect: "change",
    actor: host.actor ?? "",
    connection: host.connection,
    mailbox: mailbox.address,
    backend: host.exchange.backend,
    call_id: randomUUID(),
    options: { ...options, worker },
    targets: [omitUndefined({ item_id, residue: frozen.residue, internet_message_id, subject, starts_at })],
  };
  const began = await attempt(async () => host.audit?.append({ ...entry, phase: "began" }));
  if (!began.ok) return began;
  const outcome = await attempt(work);
  const ended = await attempt(async () =>
    host.audit?.append({
      ...entry,
      phase: "ended",
      outcome: [outcome.ok ? { status: "done" } : { status: "failed", error: outcome.failure.code }],
    }),
  );
  if (ended.ok) return outcome;
  const message = `It was ${outcome.ok ? "" : "not "}done; the audit entry that says so could not be written.`;
  return failed(new Failure("audit-failed", message, { cause: asFailure(ended.failure) }));
}
