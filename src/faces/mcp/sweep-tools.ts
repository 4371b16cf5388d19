import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import type { Row } from "../../catalogue/action-definition.ts";
import { errorNoun } from "../../catalogue/answer-envelope.ts";
import { readInput } from "../../catalogue/read-input.ts";
import { asFailure, Failure } from "../../failure.ts";
import type { Plan } from "../../perform/perform.ts";
import { PlanRequest } from "../../sweeps/plan-request.ts";
import type { SweepCaller, SweepRole } from "../../sweeps/service/sweep-access.ts";
import type { SweepService } from "../../sweeps/service/sweep-service.ts";
import type { StoredPlan } from "../../sweeps/sweep-lifecycle.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { counted } from "../../text/noun-count.ts";
import { allowOneText } from "../list-or-text.ts";
import { questionText } from "../question.ts";
import type { Confirmations } from "./confirmations.ts";
import { confirmationField } from "./tool.ts";
import { bounded, isTooLong, notice } from "./untrusted-text.ts";

/** The sweeps of one client. */
export interface ClientSweeps {
  readonly caller: SweepCaller;
  readonly connection: string;
  /** Called when a tool is called: a list of tools needs no database. Throws Failure. */
  open(): Promise<OpenedSweeps>;
}

export interface OpenedSweeps {
  readonly service: SweepService;
  /** A sweep has begun: this process may work on it. */
  begun(): void;
  /** Returns where the client gets the evidence archive of a sweep; its bytes do not go through the model. Throws Failure. */
  archive(id: string): Promise<object>;
}

/** The context of one tool call, in addition to its arguments. */
export interface SweepToolCall extends OpenedSweeps, Omit<ClientSweeps, "open"> {
  readonly confirmations: Confirmations;
  readonly requirePerson: boolean;
  /** Asks the person at the client, where the client can do that. */
  readonly elicit?: ((plan: Pick<Plan, "title">, question: string) => Promise<boolean>) | undefined;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

type Work = (input: Row, call: SweepToolCall, planned: StoredPlan | undefined) => Promise<object>;

/** A tool for sweeps. With `done`, a person must confirm first; the text states the result for the messages. */
interface SweepTool {
  readonly title: string;
  readonly description: string;
  readonly roles: readonly SweepRole[];
  readonly input: z.ZodObject;
  readonly done?: (planned: StoredPlan) => string;
  readonly work: Work;
}

const sweep = z.string().max(100).describe("Name of the sweep.");
const One = z.strictObject({ sweep });
const Page = z.strictObject({
  sweep,
  after: z.number().int().min(0).optional().describe("next_after of the page before."),
  limit: z.number().int().min(1).max(500).default(50),
});
const idOf = ({ sweep: id }: Row) => String(id);
const handled = ({ plan }: StoredPlan) => `handled by ${plan.action}`;
const anyRole: readonly SweepRole[] = ["read", "contain", "approve"];

/** In the order in which they are used. */
const tools: Readonly<Record<string, SweepTool>> = {
  sweep_plan: {
    title: "Plan Sweep",
    description: "Look for messages in many mailboxes and keep a plan of one action on all of them. Changes nothing.",
    roles: ["read"],
    input: PlanRequest,
    async work(input, { service, caller, connection, signal, progress }) {
      const { answer } = await service.plan(input, caller, { connection, signal, progress });
      const { targets, ...rest } = answer;
      return { ...rest, targets: targets.slice(0, targetsShown) };
    },
  },
  sweep_list: {
    title: "List Sweeps",
    description: "List the newest sweeps.",
    roles: ["read"],
    input: z.strictObject({}),
    work: (_, { service, caller }) => service.list(caller),
  },
  sweep_status: {
    title: "Sweep Status",
    description: "Tell how far a sweep is, what it waits for and the hash of its plan.",
    roles: anyRole,
    input: One,
    work: (input, { service, caller }) => service.status(idOf(input), caller),
  },
  sweep_report: {
    title: "Report Sweep",
    description: "List the messages of a sweep with what became of each, in pages.",
    roles: anyRole,
    input: Page,
    work: (input, { service, caller }) =>
      service.targets(idOf(input), caller, { after: numberIn(input.after), limit: numberIn(input.limit) }),
  },
  sweep_archive: {
    title: "Archive Sweep",
    description: "Return where the user gets the evidence archive of a sweep: one zip file that can be checked without mailcordon.",
    roles: ["read"],
    input: One,
    work: (input, { archive }) => archive(idOf(input)),
  },
  sweep_approve: {
    title: "Approve Sweep",
    description: "Approve the plan of a sweep.",
    roles: ["approve", "contain"],
    input: One,
    done: ({ plan }) => `approved for ${plan.action}`,
    work: (input, { service, caller }, planned) => service.approve(idOf(input), planned?.sweep.planHash ?? "", caller),
  },
  sweep_run: {
    title: "Run Sweep",
    description: "Approve a planned sweep where that is allowed, and begin it. It goes on after the call: ask sweep_status.",
    roles: ["contain"],
    input: One,
    done: handled,
    work: (input, { service, caller }, planned) => service.run(idOf(input), caller, planned?.sweep.planHash),
  },
  sweep_pause: {
    title: "Pause Sweep",
    description: "Begin no further message of a sweep.",
    roles: ["contain"],
    input: One,
    done: () => "left until the sweep is resumed, unless they are done already",
    work: (input, { service, caller }) => service.pauseOrCancel(idOf(input), "pause", caller),
  },
  sweep_resume: {
    title: "Resume Sweep",
    description: "Go on with a paused sweep.",
    roles: ["contain"],
    input: One,
    done: handled,
    work: (input, { service, caller }) => service.resume(idOf(input), caller),
  },
  sweep_cancel: {
    title: "Cancel Sweep",
    description: "End a sweep; what is done can be undone.",
    roles: ["contain"],
    input: One,
    done: () => "left as they are now",
    work: (input, { service, caller }) => service.pauseOrCancel(idOf(input), "cancel", caller),
  },
  sweep_undo: {
    title: "Undo Sweep",
    description: "Put back what a sweep did, message by message. It goes on after the call: ask sweep_status.",
    roles: ["contain"],
    input: One,
    done: () => "put back to where they were, as far as they are done",
    work: (input, { service, caller }) => service.undo(idOf(input), caller),
  },
};

const targetsShown = 50;
/** Maximum number of messages shown to the person, beside their total. */
const rowsShown = 20;
const mailboxesNamed = 10;

export function isSweepTool(name: string): boolean {
  return Object.hasOwn(tools, name);
}

/** Whether a tool only reads, or the role that its place needs. */
export function roleOf(name: string): "read" | "contain" {
  return tools[name]?.done === undefined ? "read" : "contain";
}

/** The tools that a caller may use. */
export function sweepToolsFor(caller: SweepCaller): readonly Tool[] {
  return Object.entries(tools)
    .filter(([, { roles }]) => roles.some((role) => caller.may(role)))
    .map(([name, tool]) => cachedTool(name, tool));
}

const toolCache = new Map<string, Tool>();

/** Made once, as the tools of actions. */
function cachedTool(name: string, tool: SweepTool): Tool {
  const made = toolCache.get(name) ?? toolFrom(name, tool);
  toolCache.set(name, made);
  return made;
}

function toolFrom(name: string, { title, description, input, done }: SweepTool): Tool {
  const { $schema, ...schema } = z.toJSONSchema(input, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => allowOneText(zodSchema, jsonSchema, "type"),
  });
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([field, property]) => [field, typeof property === "object" ? property : {}]),
  );
  const isRead = done === undefined;
  const confirmation = {
    type: "string",
    maxLength: 100,
    description: "Token from the first call, once the user has agreed to its question.",
  };
  return {
    name,
    title,
    description: isRead ? description : `${description} The first call returns a question for the user.`,
    inputSchema: { ...schema, type: "object", properties: isRead ? properties : { ...properties, [confirmationField]: confirmation } },
    outputSchema: {
      type: "object",
      properties: { success: { type: "boolean" }, message: { type: "string" } },
      required: ["success", "message"],
    },
    annotations: {
      title,
      readOnlyHint: isRead,
      destructiveHint: name === "sweep_run" || name === "sweep_resume",
      idempotentHint: name !== "sweep_plan",
      openWorldHint: isRead,
    },
  };
}

/** Calls a tool for sweeps. Changes need confirmation by a person, as for every tool. Never rejects. */
export async function callSweepTool(name: string, given: Row, call: SweepToolCall): Promise<CallToolResult> {
  const tool = tools[name];
  try {
    if (tool === undefined || !tool.roles.some((role) => call.caller.may(role)))
      throw new Failure("not-found", `There is no tool ${name.slice(0, 100)}.`);
    const { [confirmationField]: token, ...rest } = given;
    const input: Row = readInput(tool.input, rest);
    if (tool.done === undefined) return resultOf(await tool.work(input, call, undefined));
    if (call.requirePerson && call.elicit === undefined) throw needsPerson();
    const planned = await call.service.loadPlan(idOf(input), call.caller);
    const rows = planned.plan.targets.map((target): Row => ({ ...target, plan: planned.sweep.planHash }));
    const work = async () => {
      const done = await tool.work(input, call, planned);
      call.begun();
      return resultOf(done);
    };
    // If a person can be asked, only that person's answer counts.
    if (!call.requirePerson && token !== undefined && token !== "") {
      (await call.confirmations.take(String(token), name, input))(rows);
      return await work();
    }
    const question = await questionOf(tool.title, planned, tool.done(planned));
    if (call.elicit !== undefined) {
      if (await call.elicit(tool, question)) return await work();
      throw new Failure("confirmation-required", "The user did not confirm it. Nothing was changed.", {
        hint: "Do not repeat the call unless the user asks for it.",
      });
    }
    const message = `Nothing was done yet. Show confirmation.question to the user. If the user agrees, call again with the same arguments and confirmation.token as ${confirmationField}.`;
    return resultOf({ success: true, message, dry_run: true, confirmation: await call.confirmations.offer(name, input, rows, question) });
  } catch (thrown) {
    const failure = asFailure(thrown);
    const shown = failure.code === "internal" ? new Failure("internal", "A defect of mailcordon stopped this call.") : failure;
    return { ...resultOf({ success: false, message: shown.message, error: errorNoun(shown) }), isError: true };
  }
}

/** Returns the question: the change, the number of messages and their mailboxes. Texts of messages are quoted as in every question. */
async function questionOf(title: string, { sweep: kept, plan }: StoredPlan, done: string): Promise<string> {
  const { targets, counts, cannot_be_undone, unexamined, action, input } = plan;
  const boxes = [...new Set(targets.map(({ mailbox }) => mailbox))];
  const named = boxes.slice(0, mailboxesNamed).join(", ");
  const more = boxes.length > mailboxesNamed ? ` and ${boxes.length - mailboxesNamed} more` : "";
  const rows = targets.map((target): Row => ({ ...target }));
  const asked: Plan = {
    ...{ action, title: `${title} ${kept.id}`, effect: "destroy", noun: "message", done, rows },
    mailbox: `${counted(boxes.length, "mailbox")} (${named}${more})`,
    columns: ["mailbox", "subject", "from", "received_at", "folder_path"],
    question: async () => ({
      values: { action, ...input, plan_hash: kept.planHash, planned_by: kept.plannedBy },
      notes: [
        ...cannot_be_undone,
        ...(unexamined.length === 0 ? [] : [`${counted(counts.unexamined, "mailbox")} could not be examined completely.`]),
        ...(targets.length > rowsShown ? [`The first ${rowsShown} messages follow; sweep_report lists all ${targets.length}.`] : []),
      ],
      rows: rows.slice(0, rowsShown),
    }),
  };
  return questionText(asked, { columns: 100, most: Number.POSITIVE_INFINITY, otherwise: () => "" });
}

function resultOf(value: object): CallToolResult {
  const document = Object.fromEntries(Object.entries(bounded(value) ?? {}));
  const text = harmlessJson(document);
  if (isTooLong(text))
    throw new Failure("too-large", `The result has ${text.length} characters, more than a model can process.`, {
      hint: "Request a smaller page.",
    });
  return {
    content: [
      { type: "text", text: notice },
      { type: "text", text },
    ],
    structuredContent: document,
    isError: false,
  };
}

function needsPerson(): Failure {
  return new Failure("confirmation-required", "A person must confirm this, and the MCP client cannot ask one. Nothing was changed.", {
    hint: "Use a client that supports elicitation, or the command line. The setting is mcp.require_person.",
  });
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
