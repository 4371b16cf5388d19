import type { Permission } from "../graph/permissions.ts";
import type { BackEndChecks } from "./back-ends.ts";
import type { BackEnd, CheckedAction, Checkup, Finding, StepName } from "./checkup.ts";
import { listsByAdminApi, neededBy } from "./graph/graph-permissions.ts";
import { requiredRightsOf } from "./required-rights.ts";

/** The result of one step. */
export interface StepReport extends Finding {
  readonly name: StepName;
}

/** Whether one action would work, and otherwise which step blocks it. */
export interface ActionReport {
  readonly action: string;
  readonly works: "yes" | "no" | "unknown";
  readonly because?: StepName | undefined;
  /** The back end; `auto`: both. Absent if the settings cannot be read, or if the back end is unknown. */
  readonly backend?: BackEnd | "auto" | undefined;
  /** Permissions of Microsoft Graph that it lacks, or whose grant is not visible. */
  readonly missing?: readonly string[] | undefined;
}

/** The steps that every action over a back end depends on. */
const foundations: Readonly<Record<BackEnd, readonly StepName[]>> = {
  ews: ["settings", "autodiscover", "proxy", "name-resolution", "tcp", "tls", "token", "permissions", "ews", "server-version"],
  graph: ["settings", "graph-proxy", "graph-name-resolution", "graph-tcp", "graph-tls", "graph-token", "graph"],
};

/** Returns the verdict of the steps on one action. */
export function verdictOn(action: CheckedAction, reports: readonly StepReport[], backEndChecks: readonly BackEndChecks[]): ActionReport {
  const at = (backEnd: BackEnd) => backEndChecks.find((one) => one.backEnd === backEnd)?.checkup;
  const [graph, ews] = [at("graph"), at("ews")];
  if (graph === undefined) return judgedOverEws(action, reports, overEws(action), "ews", ews);
  if (ews === undefined) return overGraph(action, reports, graph, "graph");
  if (!requiredRightsOf(action).mailbox) {
    // Neither back end knows the mailboxes of the other, so both are judged.
    const first = overGraph(action, reports, graph, "auto");
    return first.works === "yes" ? judged(action, reports, overEws(action), "auto") : first;
  }
  const held = graph.route?.backEnd;
  if (held === "ews") return judgedOverEws(action, reports, [...foundations.graph, ...overEws(action)], "ews", ews);
  return overGraph(action, reports, graph, held);
}

function overEws(action: CheckedAction): readonly StepName[] {
  const { mailbox, discovery } = requiredRightsOf(action);
  return [...foundations.ews, ...(mailbox ? (["mailbox"] as const) : []), ...(discovery ? (["discovery"] as const) : [])];
}

/** A missing right to change the mailbox does not block an action that only reads. */
function judgedOverEws(
  action: CheckedAction,
  reports: readonly StepReport[],
  wanted: readonly StepName[],
  backend: ActionReport["backend"],
  checkup: Checkup | undefined,
): ActionReport {
  const mailbox = checkup?.learned.mailbox;
  const mayRead = mailbox?.ok === true && mailbox.value.read !== false && !requiredRightsOf(action).changes;
  return judged(action, reports, mayRead ? wanted.filter((name) => name !== "mailbox") : wanted, backend);
}

function overGraph(
  action: CheckedAction,
  reports: readonly StepReport[],
  checkup: Checkup,
  backend: ActionReport["backend"],
): ActionReport {
  const { learned } = checkup;
  const needsMailbox = requiredRightsOf(action).mailbox;
  const lists = listsByAdminApi(action, checkup);
  const own = [...(needsMailbox ? (["graph-mailbox"] as const) : []), ...(lists ? (["graph-mailbox-list"] as const) : [])];
  const first = judged(action, reports, [...foundations.graph, ...own], backend);
  if (lists && learned.listLacks !== undefined) return { ...first, missing: [learned.listLacks] };
  const of = (permission: Permission) => learned.granted?.get(permission) ?? "yes";
  const missing = neededBy(action, checkup).filter((permission) => of(permission) !== "yes");
  if (missing.length === 0) return first;
  const works = first.works === "no" || missing.some((permission) => of(permission) === "no") ? "no" : "unknown";
  return { ...first, works, because: first.because ?? "graph-permissions", missing };
}

function judged(
  { name: action }: CheckedAction,
  reports: readonly StepReport[],
  wanted: readonly StepName[],
  backend: ActionReport["backend"],
): ActionReport {
  const about = { action, ...(backend === undefined ? {} : { backend }) };
  const failed = reports.find(({ name, status }) => wanted.includes(name) && status === "failed");
  if (failed !== undefined) return { ...about, works: "no", because: failed.name };
  // An unknown step of a lower layer shows in whether the mailbox opens; an unknown mailbox stays unknown.
  const open = reports.find(({ name, status, code }) => wanted.includes(name) && status === "unknown" && code !== undefined);
  return open === undefined ? { ...about, works: "yes" } : { ...about, works: "unknown", because: open.name };
}
