import { createHash, randomBytes } from "node:crypto";
import type { Row } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import { hashText, sliceLength } from "../../text/slices.ts";
import type { Confirmation } from "./tool.ts";

/** How long a confirmation serves: long enough to read a list of targets, short enough that it is still the same question. */
const lifetimeMs = 10 * 60 * 1000;
/** More open questions of one client than anybody reads; the oldest is dropped. */
const mostOpen = 100;

/** The scope of a confirmation: exactly this tool, these arguments, these targets. */
interface OpenConfirmation {
  readonly asked: string;
  readonly targets: string;
  readonly expires: number;
}

/** The planned calls of one client that may be confirmed. Kept in memory only: after a restart the client must ask again. */
export interface Confirmations {
  /** A confirmation for these targets, which `question` has shown. */
  offer(tool: string, input: Row, targets: readonly Row[], question: string): Promise<Confirmation>;
  /**
   * Uses up a confirmation and returns the check of its targets. Rejects with Failure `confirmation-required` if the confirmation is unknown, used, too old,
   * or belongs to another call.
   */
  take(token: string, tool: string, input: Row): Promise<(targets: readonly Row[]) => void>;
}

export function openConfirmations(now: () => number = Date.now): Confirmations {
  const open = new Map<string, OpenConfirmation>();
  return {
    offer: async (tool, input, targets, question) => {
      const token = randomBytes(18).toString("base64url");
      const expires = now() + lifetimeMs;
      open.set(token, { asked: await digest({ tool, input }), targets: digestOf(canonical(targets)), expires });
      const [oldest] = open.keys();
      if (open.size > mostOpen && oldest !== undefined) open.delete(oldest);
      return { token, expires_at: new Date(expires).toISOString(), targets: targets.length, question };
    },
    take: async (token, tool, input) => {
      const question = open.get(token);
      open.delete(token);
      if (question === undefined) throw askAgainFailure("This confirmation is unknown, or was used before");
      if (question.expires <= now()) throw askAgainFailure("This confirmation is too old");
      if (question.asked !== (await digest({ tool, input }))) throw askAgainFailure("This confirmation was given for another call");
      return (targets) => {
        if (question.targets !== digestOf(canonical(targets))) throw askAgainFailure("The targets are not those that were confirmed");
      };
    },
  };
}

function askAgainFailure(what: string): Failure {
  return new Failure("confirmation-required", `${what}. Nothing was changed.`, {
    hint: "Call again without confirmation, check the targets, and confirm them.",
  });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Arguments may contain a message of many megabytes: long texts are hashed separately, in slices. */
async function digest(value: unknown): Promise<string> {
  const long: string[] = [];
  const text = canonical(value, long);
  const hashes: string[] = [];
  // An object that looks like the place of a long text has none: then there are fewer hashes.
  for (const one of long) hashes.push(await hashText(one));
  return digestOf(JSON.stringify([text, hashes]));
}

/** JSON with the members of every object in one order: the same arguments are the same, however a client orders them. */
function canonical(value: unknown, long?: string[]): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "string" && member.length > sliceLength && long !== undefined) return { long: long.push(member) };
    return typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member;
  });
}
