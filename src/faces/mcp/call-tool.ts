// src/faces/mcp/: The Model Context Protocol: actions as tools of an agent, with confirmation and evidence.

import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Action, Kept, Row } from "../../catalogue/action-definition.ts";
import { type Answer, errorNoun } from "../../catalogue/answer-envelope.ts";
import { asFailure, Failure, failures } from "../../failure.ts";
import { type Host, type Plan, perform } from "../../perform/perform.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { toolOf } from "../field-spellings.ts";
import { type QuestionLayout, questionText } from "../question.ts";
import type { TimeLimit } from "../time-limit.ts";
import type { Confirmations } from "./confirmations.ts";
import { evidenceUri, reportKept } from "./evidence-resource.ts";
import { type Confirmation, confirmationField } from "./tool.ts";
import { bounded, isTooLong, notice } from "./untrusted-text.ts";

// The width of a terminal is readable in a dialogue as well. Nobody reads more items than these in a dialogue.
const dialogueLayout: QuestionLayout = {
  columns: 100,
  most: 100,
  otherwise: (found) =>
    `Call with dry_run to see them, then name at most 100 at a time; or ask a person to run it on the command line, with --yes and --expected-count ${found}.`,
};

/** The context of one tool call, in addition to its arguments. */
export interface ToolCall {
  readonly host: Host;
  readonly confirmations: Confirmations;
  /** Asks the person at the client, where the client can do that. */
  readonly elicit?: ((plan: Plan, question: string) => Promise<boolean>) | undefined;
  /** Whether a confirmation by token is not enough: if no person can be asked, nothing is done. */
  readonly requirePerson: boolean;
  /** Converts an answer that the host's signal has cut short. */
  readonly asTimeout: TimeLimit["asTimeout"];
}

/**
 * Calls an action as a tool. Reads are carried out. Everything else needs confirmation by a person: immediately if the client can ask one, otherwise in a
 * second call with the confirmation from the first, which was a dry run.
 */
export async function callTool(
  action: Action,
  given: Row,
  { host, confirmations, requirePerson, elicit, asTimeout: toolAnswer }: ToolCall,
): Promise<CallToolResult> {
  const kept: Kept[] = [];
  const toolHost = { ...host, asksAlways: true, evidence: reportKept(host.evidence, (one) => void kept.push(one)) };
  const performed = async (input: Row, changes: Partial<Host>) => toolAnswer(await perform(action, input, { ...toolHost, ...changes }));
  const tool = toolOf(action.name);
  const { [confirmationField]: token, ...input } = given;
  try {
    if (Object.hasOwn(input, "confirm")) throw mayNotConfirm();
    if (action.effect === "read" || input.dry_run === true) return result(await performed(input, {}), kept, action);
    if (requirePerson && elicit === undefined) throw needsPerson();
    // If a person can be asked, only that person's answer counts.
    if (!requirePerson && token !== undefined && token !== "") {
      const check = await confirmations.take(String(token), tool, input);
      const confirm = async (plan: Plan) => {
        check(plan.rows);
        return true;
      };
      return result(await performed(input, { confirm }), kept, action);
    }
    if (elicit !== undefined) {
      const confirm = async (plan: Plan) => elicit(plan, await questionText(plan, dialogueLayout));
      return result(explainRefusal(await performed(input, { confirm })), kept, action);
    }
    return await planResult(action, input, performed, confirmations);
  } catch (thrown) {
    return failedResult(asFailure(thrown), action);
  }
}

/** The person declined. The usual hint, to confirm, would make a model ask again until it succeeds. */
function explainRefusal(answer: Answer): Answer {
  const { error } = answer;
  if (error?.code !== "confirmation-required" || error.hint !== failures["confirmation-required"].hint) return answer;
  return {
    ...answer,
    error: { ...error, hint: "The user was asked and did not confirm. Do not repeat the call unless the user asks for it." },
  };
}

/** The dry run: the question that a person would be asked, and a confirmation for exactly that. */
async function planResult(
  action: Action,
  input: Row,
  performed: (input: Row, changes: Partial<Host>) => Promise<Answer>,
  confirmations: Confirmations,
): Promise<CallToolResult> {
  let asked: { readonly rows: readonly Row[]; readonly question: string } | undefined;
  const confirm = async (plan: Plan) => {
    asked = { rows: plan.rows, question: await questionText(plan, dialogueLayout) };
    return false;
  };
  const answer = await performed(input, { confirm });
  // Nothing to touch, no way to it, or more than a person reads: that is the answer.
  if (asked === undefined) return result(answer, [], action);
  const { rows, question } = asked;
  const { error, ...dry } = answer;
  const message = `Nothing was done yet. ${action.title} would change ${rows.length} of ${answer.counts.requested}. Show confirmation.question to the user. If the user agrees, call again with the same arguments and confirmation.token as ${confirmationField}.`;
  const confirmation = await confirmations.offer(toolOf(action.name), input, rows, question);
  return result({ ...dry, success: true, message, dry_run: true }, [], action, confirmation);
}

function result(answer: Answer, kept: readonly Kept[], action: Action, confirmation?: Confirmation): CallToolResult {
  const document = { ...asRow(bounded(answer)), ...(confirmation === undefined ? {} : { confirmation }) };
  const text = harmlessJson(document);
  if (action.effect === "read" && isTooLong(text)) return failedResult(tooLong(text.length), action);
  const everyItemFailed = answer.counts.failed > 0 && answer.counts.succeeded === 0;
  return {
    content: [{ type: "text", text: notice }, { type: "text", text }, ...kept.map(linkTo)],
    structuredContent: document,
    isError: answer.error !== undefined || (!answer.success && everyItemFailed),
  };
}

function tooLong(length: number): Failure {
  return new Failure("too-large", `The result has ${length} characters, more than a model can process.`, {
    hint: "Request less: a smaller limit, a narrower search or fewer items.",
  });
}

/** A call that came to nothing, as a result. */
export function failedResult(failure: Failure, { name }: Pick<Action, "name">): CallToolResult {
  const counts = { requested: 0, succeeded: 0, failed: 0, not_found: 0 };
  const document = asRow(bounded({ success: false, message: failure.message, action: name, counts, error: errorNoun(failure) }));
  return { content: [{ type: "text", text: harmlessJson(document) }], structuredContent: document, isError: true };
}

function needsPerson(): Failure {
  return new Failure("confirmation-required", "A person must confirm this, and the MCP client cannot ask one. Nothing was changed.", {
    hint: "Use a client that supports elicitation, or call with dry_run and run the action on the command line. The setting is mcp.require_person.",
  });
}

function mayNotConfirm(): Failure {
  return new Failure("invalid-input", "confirm is not an argument of a tool: a call is confirmed by the token of its dry run.", {
    hint: `Call without confirm, show confirmation.question to the user, then call again with its token as ${confirmationField}.`,
  });
}

function linkTo({ safe_name, sha256, size }: Kept): CallToolResult["content"][number] {
  return { type: "resource_link", uri: evidenceUri(sha256), name: safe_name, size };
}

function asRow(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
