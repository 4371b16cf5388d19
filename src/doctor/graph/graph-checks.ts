import { isOrganisationMethod } from "../../exchange/port-methods.ts";
import type { Failure } from "../../failure.ts";
import { openProbe, type Probe } from "../../graph/mailboxes/permission-probe.ts";
import { type Permission, permissionsOf } from "../../graph/permissions.ts";
import type { Outcome } from "../../outcome.ts";
import { onlineGraph } from "../../wire/sign-in/clouds.ts";
import { type CheckedAction, type Checkup, connectionOf, type Finding, type Step } from "../checkup.ts";
import { cloudOf, mailboxOf, maxWaitSeconds, noMailboxNamed, readOnlyGraphOptions, urlOf } from "../connection-facts.ts";
import { notInTheCloud, whyNoGraphMailbox } from "./explain-mailbox-failure.ts";

/** The permissions that one request can test, in the order of the tests. A success shows that the mailbox may be read. */
const questions = {
  "Mail.Read": { ask: (probe: Probe, mailbox: string) => probe.inbox(mailbox), of: "the Inbox" },
  "MailboxSettings.Read": { ask: (probe: Probe, mailbox: string) => probe.settings(mailbox), of: "the mailbox settings" },
  "Contacts.Read": { ask: (probe: Probe, mailbox: string) => probe.contacts(mailbox), of: "the contacts" },
} as const satisfies Partial<Record<Permission, unknown>>;

export type TriedPermission = keyof typeof questions;

/** Returns the permissions that matter for the actions' work in a mailbox. A permission to write mail includes reading it. */
export function triedPermissionsFor(actions: readonly CheckedAction[]): readonly TriedPermission[] {
  const inMailboxes = actions.flatMap(({ uses }) => uses.filter((method) => !isOrganisationMethod(method)));
  const wanted = new Set<Permission>(permissionsOf({ uses: inMailboxes }));
  if (wanted.has("Mail.ReadWrite") || wanted.has("Mail.Send")) wanted.add("Mail.Read");
  return (["Mail.Read", "MailboxSettings.Read", "Contacts.Read"] as const).filter((one) => wanted.has(one));
}

/** Sends the request that tests a permission, only once. */
export async function tryPermission(checkup: Checkup, permission: TriedPermission, mailbox: string): Promise<Outcome<unknown>> {
  const { probe } = checkup.learned;
  checkup.learned.probed ??= new Map();
  const { probed } = checkup.learned;
  const known = probed.get(permission);
  if (known !== undefined) return known;
  if (probe === undefined) throw new Error("a step asked Microsoft Graph before it was opened");
  const answer = await questions[permission].ask(probe, mailbox);
  probed.set(permission, answer);
  return answer;
}

export function isDenied({ code }: Failure): boolean {
  return code === "access-denied" || code === "role-missing";
}

/** Sends one request to Microsoft Graph, which only reads. */
export const graph: Step = {
  name: "graph",
  needs: ["graph-proxy", "graph-tcp", "graph-tls", "graph-token"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const { fresh } = checkup.learned;
    const auth = fresh === undefined ? connection.auth : { kind: "bearer" as const, token: fresh };
    const patient = { ...connection, auth, throttling: { ...connection.throttling, maxWait: maxWaitSeconds } };
    const probe = openProbe(await readOnlyGraphOptions(patient, { observe: checkup.observe }), callOf(checkup));
    checkup.learned.probe = probe;
    const mailbox = mailboxOf(checkup);
    const [first] = triedPermissionsFor(checkup.actions);
    const ofMailbox = mailbox !== undefined && first !== undefined;
    const tried = ofMailbox
      ? `asked ${urlOf(checkup).href} for ${questions[first].of} of ${mailbox}`
      : `asked ${urlOf(checkup).href} for one person of the directory`;
    const answer = ofMailbox ? await tryPermission(checkup, first, mailbox) : await probe.users();
    if (answer.ok) return { status: "ok", tried, found: "Microsoft Graph answered" };
    const { failure } = answer;
    if (isAnswer(failure)) return { status: "ok", tried, found: `Microsoft Graph answered, with ${failure.wireCode}` };
    return { tried, ...whyNoGraph(failure, checkup) };
  },
};

function callOf({ signal }: Checkup) {
  return signal === undefined ? {} : { signal };
}

const noAnswers: ReadonlySet<string> = new Set(["unauthenticated", "busy", "timeout", "broken-reply", "unsupported", "cancelled"]);

/** Returns true if Graph itself answered, and understood the request. */
function isAnswer({ code, wireCode }: Failure): boolean {
  return wireCode !== undefined && !wireCode.startsWith("HTTP ") && wireCode !== "BadRequest" && !noAnswers.has(code);
}

function whyNoGraph(failure: Failure, checkup: Checkup): Omit<Finding, "tried"> {
  const { code, wireCode, message, hint, requestId, backOffMs } = failure;
  const found = requestId === undefined ? message : `${message} (request-id: ${requestId})`;
  const why = (next: readonly string[]): Omit<Finding, "tried"> => ({ status: "failed", code, found, next });
  if (code === "unauthenticated") {
    return why([hint, "The step graph-token shows the contents of the token; the step clock shows whether this machine's clock is right."]);
  }
  if (code === "busy") {
    const wait = backOffMs === undefined ? "some minutes" : `${Math.ceil(backOffMs / 1000)} s`;
    return why([`Microsoft Graph is throttling or unavailable. Wait ${wait} and retry; other programs may use the same application.`]);
  }
  if (wireCode === "HTTP 404" || wireCode === "HTTP 410" || wireCode === "HTTP 405" || wireCode === "BadRequest") {
    return why([
      "Microsoft Graph v1.0 is not at this URL. Remove graph.url, or set for this connection:",
      `graph: { url: ${onlineGraph(cloudOf(checkup)).href} }`,
    ]);
  }
  if (wireCode === "HTTP 403") {
    return why([
      "A proxy or firewall refuses the request: ask its administrator to let this machine reach the host.",
      "If Entra ID refuses it, an administrator finds the reason in its sign-in logs (Service principal sign-ins): Conditional Access can block an application by location.",
    ]);
  }
  return why([hint]);
}

/** Checks whether the application can open the mailbox, and why not. */
export const graphMailbox: Step = {
  name: "graph-mailbox",
  needs: ["graph"],
  async run(checkup) {
    const address = mailboxOf(checkup);
    const questionsToAsk = triedPermissionsFor(checkup.actions);
    if (questionsToAsk.length === 0)
      return { status: "skipped", tried: "checked which actions open a mailbox", found: "none of the checked actions does" };
    if (address === undefined) return noMailboxNamed;
    const denied: TriedPermission[] = [];
    for (const permission of questionsToAsk) {
      const answer = await tryPermission(checkup, permission, address);
      const tried = `asked Microsoft Graph for ${questions[permission].of} of ${address}`;
      if (answer.ok) {
        recordRoute(checkup, "graph");
        const but = denied.map((one) => questions[one].of).join(" and ");
        return {
          status: "ok",
          tried,
          found: but === "" ? "the mailbox opens" : `the mailbox opens, but not for ${but}: see graph-permissions`,
        };
      }
      if (isDenied(answer.failure)) {
        denied.push(permission);
        continue;
      }
      if (checkup.route !== undefined && notInTheCloud(answer.failure)) recordRoute(checkup, "ews");
      return { tried, ...(await whyNoGraphMailbox(answer.failure, checkup, address)) };
    }
    recordRoute(checkup, "graph");
    const [first] = denied;
    const answer = first === undefined ? undefined : checkup.learned.probed?.get(first);
    if (answer === undefined || answer.ok) throw new Error("nothing was denied");
    const tried = `asked Microsoft Graph for ${denied.map((one) => questions[one].of).join(", ")} of ${address}`;
    return { tried, ...(await whyNoGraphMailbox(answer.failure, checkup, address)) };
  },
};

function recordRoute({ route }: Checkup, backEnd: "ews" | "graph"): void {
  if (route !== undefined) route.backEnd = backEnd;
}
