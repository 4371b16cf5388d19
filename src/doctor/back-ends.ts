// src/doctor/: Checks one connection step by step, and names the next thing to do.

import type { Connection } from "../settings/load-settings.ts";
import type { BackEnd, Checkup, Step, StepName } from "./checkup.ts";
import { discovery, ews, mailbox, serverVersion } from "./ews/ews-checks.ts";
import { findServer } from "./ews/find-server.ts";
import { graph, graphMailbox } from "./graph/graph-checks.ts";
import { graphPermissions } from "./graph/graph-permissions.ts";
import { mailboxList } from "./graph/mailbox-list.ts";
import { graphCloud } from "./leaving-ews/national-clouds.ts";
import { retirement } from "./leaving-ews/retirement.ts";
import { nameResolution, proxy, tcp } from "./network-checks.ts";
import { permissions } from "./permission-check.ts";
import { signInOffer } from "./sign-in-check.ts";
import { graphSweeps, sweeps } from "./sweep-check.ts";
import { tls } from "./tls-check.ts";
import { token } from "./token-check.ts";

/** In the order of the checks: each step checks one layer above the last. */
const ewsSteps: readonly Step[] = [
  findServer,
  proxy,
  nameResolution,
  tcp,
  tls,
  token,
  permissions,
  ews,
  mailbox,
  discovery,
  serverVersion,
  retirement,
];

/** The step sign-in runs only where the connection chooses among the server's schemes. */
function ewsStepsOf(connection: Connection | undefined): readonly Step[] {
  return connection?.auth.kind === "auto" ? ewsSteps.flatMap((step) => (step === ews ? [step, signInOffer] : [step])) : ewsSteps;
}

const namesOverGraph: Partial<Record<StepName, StepName>> = {
  proxy: "graph-proxy",
  "name-resolution": "graph-name-resolution",
  tcp: "graph-tcp",
  tls: "graph-tls",
  token: "graph-token",
};

/** Turns a step that is the same for every server into one about Microsoft Graph, which needs no Autodiscover. */
function overGraph(step: Step): Step {
  const named = (name: StepName) => namesOverGraph[name] ?? name;
  return { ...step, name: named(step.name), needs: step.needs.filter((need) => need !== "autodiscover").map(named) };
}

const graphSteps: readonly Step[] = [...[proxy, nameResolution, tcp, tls, token].map(overGraph), graph, graphMailbox, graphPermissions];

/** The list of mailboxes has its own step where it needs a separate token. */
function graphStepsOf(connection: Connection | undefined): readonly Step[] {
  return [...graphSteps, ...(connection?.graph.mailboxList.from === "admin_api" ? [mailboxList] : []), graphCloud];
}

/** One back end of a connection: its steps and its check-up. */
export interface BackEndChecks {
  readonly backEnd: BackEnd;
  readonly steps: readonly Step[];
  readonly checkup: Checkup;
}

/** Returns the back ends of a connection. If the settings cannot be read: EWS, whose steps are then skipped. */
export function backEndChecksOf(
  connection: Connection | undefined,
  checkup: Omit<Checkup, "backEnd" | "learned" | "route">,
): readonly BackEndChecks[] {
  const route = connection?.backend === "auto" ? {} : undefined;
  const sided = (backEnd: BackEnd, seen: Connection | undefined): BackEndChecks => ({
    backEnd,
    steps: [
      ...(backEnd === "graph" ? graphStepsOf(seen) : ewsStepsOf(seen)),
      ...(checkup.checksSweeps ? [backEnd === "graph" ? graphSweeps : sweeps] : []),
    ],
    checkup: { ...checkup, backEnd, route, learned: seen === undefined ? {} : { connection: seen } },
  });
  switch (connection?.backend) {
    case "graph":
      return [sided("graph", connection)];
    case "auto":
      return [sided("graph", graphOf(connection)), sided("ews", ewsOf(connection))];
    default:
      return [sided("ews", connection)];
  }
}

/** Returns a hybrid connection as Microsoft Graph needs it: the certificate name set for EWS is not that of Graph. */
function graphOf(connection: Connection): Connection {
  const { network } = connection;
  return { ...connection, backend: "graph", network: { ...network, tls: { ...network.tls, serverName: undefined } } };
}

/** Returns a hybrid connection as EWS needs it, possibly with a different sign-in. */
function ewsOf(connection: Connection): Connection {
  return { ...connection, backend: "ews", auth: connection.ews.auth ?? connection.auth };
}
