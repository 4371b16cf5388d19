import { createHash, randomBytes } from "node:crypto";
import type { Row } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import type { Confirmation } from "./tool.ts";

/** How long a confirmation serves: long enough to read a list of targets, short enough that it is still the same question. */
const lifetimeMs = 10 * 60 * 1000;
/** So many open questions of one client are more than anybody looks at; the oldest goes. */
const mostOpen = 100;

/** What a confirmation is for: exactly this tool, these arguments, these targets. */
interface OpenConfirmation {
  readonly asked: string;
  readonly targets: string;
  readonly expires: number;
}

/** What was planned and may be confirmed, of one client. Kept in memory only: after a restart one asks again. */
export interface Confirmations {
  /** A confirmation for these targets, which `question` has shown. */
  offer(tool: string, input: Row, targets: readonly Row[], question: string): Confirmation;
  /**
   * Takes a confirmation, which is spent by that, and gives the check of its targets.
   * @throws Failure `confirmation-required` when it is unknown, spent, too old, or was given for something else
   */
  take(token: string, tool: string, input: Row): (targets: readonly Row[]) => void;
}

export function openConfirmations(now: () => number = Date.now): Confirmations {
  const open = new Map<string, OpenConfirmation>();
  return {
    offer: (tool, input, targets, question) => {
      const token = randomBytes(18).toString("base64url");
      const expires = now() + lifetimeMs;
      open.set(token, { asked: digest({ tool, input }), targets: digest(targets), expires });
      const [oldest] = open.keys();
      if (open.size > mostOpen && oldest !== undefined) open.delete(oldest);
      return { token, expires_at: new Date(expires).toISOString(), targets: targets.length, question };
    },
    take: (token, tool, input) => {
      const question = open.get(token);
      open.delete(token);
      if (question === undefined) throw askAgainFailure("This confirmation is unknown, or was used before");
      if (question.expires <= now()) throw askAgainFailure("This confirmation is too old");
      if (question.asked !== digest({ tool, input })) throw askAgainFailure("This confirmation was given for another call");
      return (targets) => {
        if (question.targets !== digest(targets)) throw askAgainFailure("The targets are not those that were confirmed");
      };
    },
  };
}

function askAgainFailure(what: string): Failure {
  return new Failure("confirmation-required", `${what}. Nothing was changed.`, {
    hint: "Call again without confirmation, check the targets, and confirm them.",
  });
}

function digest(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

/** JSON with the members of every object in one order: the same arguments are the same, however a client orders them. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
