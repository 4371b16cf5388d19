import type { Action, Row } from "../../catalogue/action-definition.ts";
import { limitOf, unwrapSchema } from "../../catalogue/limits.ts";
import { Failure } from "../../failure.ts";
import type { MailboxMessages } from "../../perform/perform-many.ts";
import { flagOf } from "../field-spellings.ts";
import { isObject, readText } from "./json-input.ts";

/** A search returns at most 10,000 messages. Their rows, with recipients and attachments, fit into this; their bodies may not. */
const mostBytes = 64 * 1024 * 1024;
const mostValues = 4_000_000;

/** The messages of an earlier answer. */
export interface FoundMessages {
  /** In the order in which the answer first names each mailbox. */
  readonly places: readonly MailboxMessages[];
  /** What the answer itself says is missing in it; one sentence. */
  readonly missing: string | undefined;
}

/** Whether an action works on messages that the caller names by a list of ids. */
export function takesMessages({ input }: Pick<Action, "input">): boolean {
  const { item_id } = input.shape;
  return item_id !== undefined && limitOf(unwrapSchema(item_id)) !== undefined && input.shape.internet_message_id !== undefined;
}

/** Throws Failure `invalid-input` if the action takes no list of messages, or if its input names messages as well. */
export function refuseToChain(
  action: Action,
  raw: Row,
  { path, input }: { readonly path: string; readonly input: string | undefined },
): void {
  if (!takesMessages(action))
    throw new Failure("invalid-input", `${action.name} does not work on messages that a search found: leave --from-search out.`);
  if (path === "-" && input === "-")
    throw new Failure("invalid-input", "--input - and --from-search - both read standard input: put one of them into a file.");
  const [other] = ["item_id", "internet_message_id", "folder", "archive"].filter((field) => raw[field] !== undefined);
  if (other !== undefined) throw new Failure("invalid-input", `--from-search names the messages: leave ${flagOf(other)} out.`);
}

/**
 * Reads the messages that an earlier call printed: the answer as JSON (`items` or `results`), the rows as JSON Lines (`--output jsonl`), or a list of rows
 * (`--jmespath`). `-` reads standard input.
 * @throws Failure `invalid-input` for any other text, for a failed search, and for a row without an id
 */
export async function readFoundMessages(
  path: string,
  stdin: AsyncIterable<unknown>,
  byDefault: string | undefined,
): Promise<FoundMessages> {
  const where = `--from-search ${path}`;
  const tooLargeHint = "Search again without --include-body, or with --fields mailbox,item_id.";
  const text = await readText({ flag: "--from-search", path, stdin, mostBytes, mostValues, tooLargeHint });
  const { rows, answer } = rowsIn(text, where);
  const { error, truncated, incomplete } = answer;
  if (isObject(error)) throw new Failure("invalid-input", `${where}: this search failed: ${String(error.message)} Nothing was done.`);
  const groups = new Map<string, { readonly mailbox: string; readonly itemIds: string[] }>();
  for (const [at, row] of rows.entries()) {
    const itemId = idOf(row);
    if (itemId === undefined) throw new Failure("invalid-input", `${where}: row ${at + 1} has no item_id. Nothing was done.`);
    const mailbox = textOf(isObject(row) ? row.mailbox : undefined) ?? textOf(answer.mailbox) ?? byDefault;
    if (mailbox === undefined) {
      throw new Failure("invalid-input", `${where}: row ${at + 1} names no mailbox. Nothing was done.`, {
        hint: "Name it with --mailbox.",
      });
    }
    if (byDefault !== undefined && mailbox.toLowerCase() !== byDefault.toLowerCase()) {
      throw new Failure("invalid-input", `${where}: row ${at + 1} is in ${mailbox}, and --mailbox names ${byDefault}. Nothing was done.`, {
        hint: "Leave --mailbox out: each row names its mailbox.",
      });
    }
    const key = mailbox.toLowerCase();
    const group = groups.get(key) ?? { mailbox, itemIds: [] };
    groups.set(key, group);
    group.itemIds.push(itemId);
  }
  const missing = [
    truncated === true ? "it stopped at its limit, so there are more messages" : undefined,
    incomplete === true ? "something could not be searched" : undefined,
  ].filter((reason) => reason !== undefined);
  return { places: [...groups.values()], missing: missing.length === 0 ? undefined : `The search is not complete: ${missing.join("; ")}.` };
}

interface Rows {
  readonly rows: readonly unknown[];
  /** The members of the answer beside its rows. */
  readonly answer: Readonly<Record<string, unknown>>;
}

function rowsIn(text: string, where: string): Rows {
  const whole = parsed(text);
  if (Array.isArray(whole)) return { rows: whole, answer: {} };
  if (isObject(whole)) {
    const rows = whole.items ?? whole.results;
    if (Array.isArray(rows)) return { rows, answer: whole };
    if (isObject(whole.error)) return { rows: [], answer: whole };
    if (whole.item_id !== undefined) return { rows: [whole], answer: {} };
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rows = lines.map(parsed);
  // A pipe of an empty search with --output jsonl has no line.
  if (whole === undefined && rows.every(isObject)) return { rows, answer: {} };
  throw new Failure("invalid-input", `${where}: this is not the answer of a search. Nothing was done.`, {
    hint: "Put what search-emails-extended prints with --json or --output jsonl.",
  });
}

/** Returns the value of a JSON text, or undefined. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns the id of a row's message. An action that moved it gave it a new id and says how to undo that; the new id of a copy or a reply is that of
 * another message.
 */
function idOf(row: unknown): string | undefined {
  if (!isObject(row)) return undefined;
  return (isObject(row.undo) ? textOf(row.new_item_id) : undefined) ?? textOf(row.item_id);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
