import * as z from "zod";
import { Failure } from "../failure.ts";
import { canonicalHash } from "./canonical-json.ts";
import { LaterArrivals } from "./residue/later-arrivals.ts";
import { ResidueKind } from "./residue/residue-kinds.ts";
import { Limits, Query } from "./sweep-spec.ts";
import type { TargetFacts } from "./target-facts.ts";

/** Server and account of a connection, without secrets. A sweep runs only against the server and account of its plan. */
export const ConnectionFacts = z.record(z.string(), z.string());
export type ConnectionFacts = Readonly<z.output<typeof ConnectionFacts>>;

/** A plan without its targets. */
export const PlanHeader = z.strictObject({
  version: z.literal(1),
  connection: ConnectionFacts,
  find: z.strictObject({
    internet_message_id: z.array(z.string()),
    mailboxes: z.union([z.literal("all"), z.array(z.string())]),
    finder: z.string().describe("How targets were found."),
    finders: z.array(z.string()).optional().describe("Each way that led to mailboxes, the cheapest first."),
    groups: z.array(z.string()).optional(),
    query: Query.optional(),
    traced: z
      .strictObject({ from: z.string(), to: z.string(), windows: z.number(), recipients: z.number() })
      .optional()
      .describe("The time in which message trace was searched."),
    related: z.literal(true).optional().describe("Related copies under other Message-IDs were looked for as well."),
    tracking_log: z.strictObject({ sha256: z.string(), rows: z.number(), matched: z.number(), recipients: z.number() }).optional(),
  }),
  action: z.string(),
  input: z.record(z.string(), z.unknown()),
  limits: Limits,
  counts: z.strictObject({
    messages: z.number().describe("Without residue and related copies."),
    related: z.number().optional().describe("Related copies: replies, forwards and messages with the original attached."),
    mailboxes: z.number(),
    examined: z.number(),
    unexamined: z.number(),
    calendar_entries: z.number().optional(),
    recoverable_copies: z.number().optional(),
    sent_copies: z.number().optional(),
  }),
  unexamined: z.array(z.strictObject({ mailbox: z.string(), code: z.string(), message: z.string() })),
  not_examined: z
    .array(z.strictObject({ mailbox: z.string(), message: z.string() }))
    .optional()
    .describe("Recipients and members of groups that the sweep leaves out on purpose, and why."),
  left_alone: z.array(z.string()).describe("What the sweep neither looks for nor removes."),
  restored_from_evidence: z.array(z.string()).optional().describe("What an undo restores as a copy, and what the copy lacks."),
  cannot_be_undone: z.array(z.string()),
  residue: z
    .array(ResidueKind)
    .optional()
    .describe("What messages leave behind that the sweep looks for. Absent in plans of earlier versions."),
  later: LaterArrivals.optional().describe("How the sweep looks again for messages that arrive after the plan."),
  second_person_above: z
    .number()
    .optional()
    .describe("Another person must approve more targets than that, by the settings when it was planned."),
});
export type PlanHeader = z.output<typeof PlanHeader>;

/** Everything that a sweep is going to do. The hash of the plan covers every member. */
export interface SweepPlan extends PlanHeader {
  readonly targets: readonly TargetFacts[];
}

/** Parses the header that the database keeps. Throws Failure `unsupported` if another version of mailcordon wrote it. */
export function readPlanHeader(value: unknown): PlanHeader {
  const parsed = PlanHeader.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure("unsupported", "The plan of this sweep was made by another version of mailcordon.", {
    hint: "Plan it again, or use the version that made it.",
    cause: parsed.error,
  });
}

/** Returns the SHA-256 of the canonical JSON of the whole plan. */
export function planHash(plan: SweepPlan): string {
  return canonicalHash(plan);
}

/** Throws Failure `invalid-settings` if the connection has another server or account than when the sweep was planned. */
export function demandConnection(planned: ConnectionFacts, here: ConnectionFacts): void {
  const names = [...new Set([...Object.keys(planned), ...Object.keys(here)])];
  const other = names.find((name) => planned[name] !== here[name]);
  if (other === undefined) return;
  throw new Failure(
    "invalid-settings",
    `The connection ${planned.name} has another ${other} than when the sweep was planned: nothing was changed.`,
    {
      hint: "Run the sweep with the settings that it was planned with, or plan it again.",
    },
  );
}
