// src/doctor/leaving-ews/: Plans how a connection moves from Exchange Web Services to Microsoft Graph before Microsoft ends EWS.

import { type Difference, mayUse } from "../../exchange/port-methods.ts";
import {
  allPermissions,
  detailsOf,
  leastOf,
  type PartlyNeeded,
  type Permission,
  partlyNeeded,
  permissionsOf,
} from "../../graph/permissions.ts";
import type { Connection, Settings } from "../../settings/load-settings.ts";
import type { OAuth } from "../../settings/oauth-settings.ts";
import { findApplication } from "../../setup/exchange-online-commands.ts";
import { consentToGraph } from "../../setup/graph-commands.ts";
import { isOnline } from "../../wire/sign-in/clouds.ts";
import type { CheckedAction, Granted } from "../checkup.ts";
import { type ActionReport, type DoctorOptions, type DoctorReport, doctor, type StepReport } from "../doctor.ts";
import { type MovedSettings, movedSettings, type Target } from "./moved-settings.ts";
import { cloudGapsOf } from "./national-clouds.ts";

/** A permission of Microsoft Graph that the actions need, and whether the application has it. */
export interface PlannedPermission {
  readonly permission: Permission;
  readonly granted: Granted;
  readonly actions: readonly string[];
  /** Another permission in this list that includes it, so this one need not be granted. */
  readonly within?: Permission | undefined;
  /** The role that grants the permission for some mailboxes; absent if only consent grants it. */
  readonly role?: string | undefined;
}

/** One action over Microsoft Graph. */
export interface PlannedAction extends Omit<ActionReport, "backend"> {
  readonly supported: Difference["supported"];
  /** Empty if nothing differs. */
  readonly differs: string;
  readonly why: string;
  /** Permissions that only a part of the action needs. */
  readonly partly?: readonly PartlyNeeded[] | undefined;
}

/** An id that tickets and playbooks have stored. */
export interface StoredId {
  readonly id: string;
  readonly over_graph: "stays" | "translated" | "lost";
  readonly next: string;
}

/** The steps by which a connection moves from EWS to Microsoft Graph. */
export interface MigrationPlan {
  readonly success: boolean;
  readonly message: string;
  readonly connection: string;
  readonly target: Target;
  /** Whether every checked action would work over Graph; `unknown` if no server was contacted. */
  readonly ready: Granted;
  /** Whether Microsoft's servers were contacted; otherwise the reason. */
  readonly looked: boolean;
  readonly why_not_looked?: string | undefined;
  readonly permissions: readonly PlannedPermission[];
  /** PowerShell for an administrator, which grants the permissions that are not known to be granted. */
  readonly grant: readonly string[];
  readonly settings: MovedSettings;
  readonly ids: readonly StoredId[];
  readonly actions: readonly PlannedAction[];
  /** Objects to remove when no connection uses EWS any longer. */
  readonly afterwards: readonly string[];
  /** The steps of the check. */
  readonly steps: readonly StepReport[];
}

export interface MigrationPlanOptions extends DoctorOptions {
  /** The connection as written in the settings. */
  readonly written: () => Promise<Readonly<Record<string, unknown>>>;
  /** Whether these are all actions. */
  readonly isAll: boolean;
  /** Contact no server. */
  readonly offline?: boolean | undefined;
}

/** Plans the move to Microsoft Graph. Checks with a token for Graph if it can get one; changes nothing. Throws Failure `invalid-settings`. */
export async function planGraph({
  written,
  isAll,
  offline,
  ...wanted
}: MigrationPlanOptions): Promise<{ readonly plan: MigrationPlan; readonly exit: number }> {
  const settings = await wanted.load();
  const { connection } = settings;
  const reason = whyNotChecked(connection, offline === true);
  const report = reason === undefined ? await doctor({ ...wanted, load: async () => overGraph(settings) }) : undefined;
  const target = targetOf(connection, report);
  const permissions = permissionsFor(wanted.actions, report);
  const open = leastOf(wanted.actions).filter((one) => permissions.find(({ permission }) => permission === one)?.granted !== "yes");
  const ready = readiness(report);
  const success = reason !== undefined || report?.success === true;
  const plan: MigrationPlan = {
    success,
    message: messageOf(connection, ready, open),
    connection: connection.name,
    target,
    ready,
    looked: report !== undefined,
    ...(reason === undefined ? {} : { why_not_looked: reason }),
    permissions,
    grant:
      open.length === 0
        ? []
        : [
            ...applicationOf(connection),
            ...consentToGraph(open),
            ...scopedGrantCommands(connection, isAll ? undefined : wanted.actions, open),
          ],
    settings: await movedSettings(connection.name, await written(), target),
    ids: storedIds,
    actions: wanted.actions.map((action) => planned(action, connection, report)),
    afterwards: target === "graph" ? cleanUpCommands : [],
    steps: report?.steps ?? [],
  };
  return { plan, exit: report === undefined ? 0 : report.exit };
}

function whyNotChecked({ auth }: Connection, offline: boolean): string | undefined {
  if (offline) return "--offline: no server was contacted";
  if (auth.kind === "oauth" || auth.kind === "bearer") return undefined;
  return "this sign-in cannot get a token for Microsoft Graph: it needs an application in Entra ID (mailcordon setup entra)";
}

/** Returns the settings with the same connection over Graph, with the same registration. */
function overGraph(settings: Settings): Settings {
  const { connection } = settings;
  const { network } = connection;
  const tls = { ...network.tls, serverName: undefined };
  return { ...settings, connection: { ...connection, backend: "graph", network: { ...network, tls } } };
}

/** Returns the target: a mailbox on premises keeps EWS, as its check or else its address shows. */
function targetOf({ backend, ews, auth }: Connection, report: DoctorReport | undefined): Target {
  if (backend !== "ews") return backend;
  const mailbox = report?.steps.find(({ name }) => name === "graph-mailbox");
  if (mailbox?.status === "ok") return "graph";
  if (mailbox?.status === "failed" && mailbox.code === "mailbox-not-found") return "auto";
  const isThere = ews.url !== undefined && isOnline(ews.url);
  return isThere || auth.kind === "bearer" || (auth.kind === "oauth" && isForExchangeOnline(auth)) ? "graph" : "auto";
}

/** Returns whether tokens are for Exchange Online: on premises a token has the server's own scope, or comes from AD FS. */
function isForExchangeOnline({ scope, authority }: OAuth): boolean {
  const isAdfs = authority !== undefined && /^\/adfs\/?$/i.test(authority.pathname);
  return !isAdfs && (scope === undefined || (URL.canParse(scope) && isOnline(new URL(scope))));
}

function permissionsFor(actions: readonly CheckedAction[], report: DoctorReport | undefined): readonly PlannedPermission[] {
  const least = leastOf(actions);
  const seen = new Map(report?.permissions?.map(({ permission, granted }) => [permission, granted]));
  return allPermissions.flatMap((permission) => {
    const using = actions.filter((action) => permissionsOf(action).includes(permission)).map(({ name }) => name);
    if (using.length === 0) return [];
    const { role, heldBy } = detailsOf(permission);
    const within = least.find((one) => heldBy.includes(one));
    return [{ permission, granted: seen.get(permission) ?? "unknown", actions: using, ...(within && { within }), ...(role && { role }) }];
  });
}

function readiness(report: DoctorReport | undefined): Granted {
  if (report === undefined) return "unknown";
  if (report.success) return "yes";
  return report.actions.some(({ works }) => works === "no") ? "no" : "unknown";
}

function messageOf({ name, backend }: Connection, ready: Granted, open: readonly Permission[]): string {
  const first = backend === "ews" ? "" : `${name} reaches Microsoft Graph already. `;
  switch (ready) {
    case "yes":
      return `${first}Nothing is missing: every action would work over Microsoft Graph.`;
    case "no":
      return `${first}${open.length === 0 ? "A step failed" : `${open.length} permissions are missing or could not be checked`}: see steps.`;
    default:
      return `${first}This is everything the move needs; what already exists is not known.`;
  }
}

function applicationOf({ auth }: Connection): readonly string[] {
  return auth.kind === "oauth" && auth.clientId !== ""
    ? findApplication(auth.clientId)
    : ["# with $principal from `mailcordon setup entra`"];
}

/** Returns the commands that grant the same for some mailboxes, if the application is limited to them. Without `only`: for all actions. */
function scopedGrantCommands(
  { auth }: Connection,
  only: readonly CheckedAction[] | undefined,
  open: readonly Permission[],
): readonly string[] {
  if (!open.some((one) => detailsOf(one).role !== undefined)) return [];
  const { tenant = "", clientId = "" } = auth.kind === "oauth" ? auth : {};
  const who = `--tenant ${tenant || "<tenant>"} --client-id ${clientId || "<client id>"}`;
  const some = only === undefined ? "" : ` --actions ${only.map(({ name }) => name).join(",")}`;
  return [
    "# Or for some mailboxes only (RBAC for Applications), without this consent; this prints the commands:",
    `# mailcordon setup entra ${who} --mailboxes <addresses>${some}`,
  ];
}

function planned(action: CheckedAction, connection: Connection, report: DoctorReport | undefined): PlannedAction {
  const { name } = action;
  const { supported, differs, why } = action.overGraph;
  const { backend: _, ...verdict } = report?.actions.find((one) => one.action === name) ?? { action: name, works: "unknown" as const };
  const here = cloudGapsOf(connection).flatMap((lack) =>
    mayUse(action, lack.method) ? [`This cloud has no ${lack.lacks}: ${lack.instead}.`] : [],
  );
  const partly = partlyNeeded(action);
  return {
    ...verdict,
    supported,
    differs: [differs, ...here].filter((text) => text !== "").join(" "),
    why,
    ...(partly.length > 0 && { partly }),
  };
}

const storedIds: readonly StoredId[] = [
  { id: "internet_message_id", over_graph: "stays", next: "Store these with the mailbox; they identify a message over both back ends." },
  {
    id: "item_id of EWS",
    over_graph: "translated",
    next: "Accepted until the message moves; Graph translates it with User.Read.All. Add internet_message_id if the ticket has it; otherwise look it up over EWS now and store it.",
  },
  {
    id: "item_id of Graph",
    over_graph: "stays",
    next: "The id stays the same while the message moves within its mailbox. EWS does not know it.",
  },
  { id: "attachment_id of EWS", over_graph: "lost", next: "List the attachments again, by the message: get-attachments." },
  { id: "undo of a deletion over EWS", over_graph: "translated", next: "It contains EWS ids: use it over EWS while EWS is available." },
  { id: "next_cursor of a search", over_graph: "lost", next: "Start the search again." },
];

const cleanUpCommands: readonly string[] = [
  "When no connection uses EWS any more, remove full_access_as_app (API permissions of the application) and the role assignment 'mailcordon EWS'.",
  "Remove the application from EwsAllowedAppIDs, or leave it: the list ends with EWS.",
];
