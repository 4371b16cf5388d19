/**
 * mailcordon as a library: incident response for Exchange mailboxes.
 *
 * ```ts
 * import { action, loadSettings, open, perform } from "mailcordon";
 *
 * const host = await open(await loadSettings());
 * const answer = await perform(action("get-out-of-office"), { mailbox: "ann@example.com" }, host);
 * await host.exchange.close();
 * ```
 */

import type { Action } from "./action.ts";
import { catalogue } from "./actions/index.ts";

export { type Action, type Effect, type EvidenceStore, effects, type Kept, type OpenedFile } from "./action.ts";
export { catalogue } from "./actions/index.ts";
export { type Answer, answerSchema, type ErrorNoun, exitCodeOf, type Result } from "./answer.ts";
export { type AuditCheck, type AuditEntry, type AuditLog, openAudit, verifyAudit } from "./audit.ts";
export { openEvidence } from "./evidence.ts";
export { type EwsOptions, openEws } from "./ews/ews.ts";
export type { Call, Exchange, Mailbox } from "./exchange/exchange.ts";
export { Failure, type FailureCode, failures, someItemsFailedExit } from "./failure.ts";
export { type Opened, open } from "./open.ts";
export { type Host, type Plan, perform } from "./perform.ts";
export { Secret } from "./secrets.ts";
export { type Connection, loadSettings, type Settings, type SettingsFlags, type SettingsPlace } from "./settings.ts";

/**
 * The action of that name.
 * @throws RangeError when there is none
 */
export function action(name: string): Action {
  const found = catalogue.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`There is no action ${name}.`);
  return found;
}
