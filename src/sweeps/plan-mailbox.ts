import type { Result } from "../catalogue/answer-envelope.ts";
import type { Message } from "../exchange/message.ts";
import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { attempt, pairOutcomes } from "../outcome.ts";
import { type Host, perform } from "../perform/perform.ts";
import { withAttachments } from "./attachment-targets.ts";
import type { Unexamined } from "./find/found-mailboxes.ts";
import { searchMailbox } from "./find/search-mailbox.ts";
import { throttlingDeadline } from "./find/throttling-wait.ts";
import { withResidue } from "./residue/find-residue.ts";
import type { ResidueSearch } from "./residue/residue-kinds.ts";
import type { SweepSpec } from "./sweep-spec.ts";
import { factsOf, type TargetFacts } from "./target-facts.ts";

/** Messages that one dry run covers. */
const idsAtOnce = 100;

/** Failures that concern every mailbox. They end the planning without a plan. */
const aboutTheCall: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(["cancelled", "invalid-input", "unauthenticated", "tls-failed", "audit-failed", "confirmation-required"] as const),
]);

/** The targets in one mailbox, and the reasons why parts could not be examined. */
export interface MailboxPlan {
  readonly targets: readonly TargetFacts[];
  readonly problems: readonly Unexamined[];
}

/** Finds the targets in one mailbox. Throws Failure only if the failure concerns every mailbox. */
export async function planMailbox(address: string, spec: SweepSpec, residue: ResidueSearch, host: Host): Promise<MailboxPlan> {
  const problem = (failure: { readonly code: FailureCode; readonly message: string }) => unexaminedOf(address, failure);
  const patient: Host = { ...host, patientUntil: host.patientUntil ?? throttlingDeadline() };
  const mailbox = host.exchange.mailbox(address, { signal: host.signal, patientUntil: patient.patientUntil });
  const problems: Unexamined[] = [];
  const planned: Result[] = [];
  const dryRun = async (names: Readonly<Record<string, readonly string[]>>) => {
    const answer = await perform(spec.action, { ...spec.input, mailbox: address, ...names, dry_run: true }, patient);
    if (answer.error !== undefined) problems.push(problem(answer.error));
    const results = answer.results ?? [];
    // The dry run returns a result for each Message-ID, even for one that it did not find.
    if (results.length === 0 && answer.error === undefined)
      problems.push(problem({ code: "internal", message: "The look had no result, so it shows nothing." }));
    const errors = results.flatMap(({ error }) => (error === undefined ? [] : [problem(error)]));
    for (const one of errors) problems.push(one);
    if (answer.incomplete === true && errors.length === 0 && answer.error === undefined)
      problems.push(problem({ code: "could-not-look", message: answer.message }));
    for (const result of results) if (result.status === "planned") planned.push(result);
  };
  if (spec.query === undefined) await dryRun({ internet_message_id: [...spec.internetMessageIds] });
  else {
    const found = await attempt(() => searchMailbox(mailbox, spec));
    if (!found.ok) return { targets: [], problems: [problem(found.failure)] };
    for (const failure of found.value.problems) problems.push(problem(failure));
    const { ids } = found.value;
    for (let at = 0; at < ids.length; at += idsAtOnce) await dryRun({ item_id: ids.slice(at, at + idsAtOnce) });
  }
  const paths = new Map(planned.flatMap(({ item_id, folder_path }) => (typeof item_id === "string" ? [[item_id, folder_path]] : [])));
  const ids = [...paths.keys()];
  const read: { readonly facts: TargetFacts; readonly message: Message }[] = [];
  try {
    // Read the same fields that the worker compares before the action.
    for await (const [id, outcome] of ids.length === 0 ? [] : pairOutcomes(ids, mailbox.get(ids, {}))) {
      const path = paths.get(id);
      if (outcome.ok)
        read.push({
          message: outcome.value,
          facts: withAttachments(factsOf(address, outcome.value, typeof path === "string" ? path : undefined), planned, spec.action),
        });
      else problems.push(problem(outcome.failure));
    }
  } catch (thrown) {
    problems.push(problem(asFailure(thrown)));
  }
  const names = messageIdsOf(
    spec,
    read.map(({ facts }) => facts),
  );
  const { targets, failures } = await withResidue(mailbox, read, names, residue);
  return { targets, problems: [...problems, ...failures.map(problem)] };
}

/** Returns the Message-IDs in the request; with a query, those of the messages that it found. */
export function messageIdsOf({ query, internetMessageIds }: SweepSpec, found: readonly TargetFacts[]): readonly string[] {
  if (query === undefined) return internetMessageIds;
  return [...new Set(found.flatMap(({ internet_message_id: id }) => id ?? []))];
}

/** Returns the entry for a mailbox that could not be examined. Throws the failure if it concerns every mailbox. */
export function unexaminedOf(mailbox: string, failure: { readonly code: FailureCode; readonly message: string }): Unexamined {
  if (aboutTheCall.has(failure.code)) throw failure instanceof Failure ? failure : new Failure(failure.code, failure.message);
  return { mailbox, code: failure.code, message: failure.message };
}
