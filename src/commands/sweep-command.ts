import { setMaxListeners } from "node:events";
import { actionNames, loadAction } from "../actions/load.ts";
import { type Opened, open } from "../connection/open-connection.ts";
import { type CommandLine, readFlags } from "../faces/cli/program-flags.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { askSweep, planText, sweepText, targetsText } from "../faces/cli/sweep-text.ts";
import { foundText } from "../faces/cli/tell.ts";
import { type Parameter, parametersOf } from "../faces/parameters.ts";
import { Failure, failures, someItemsFailedExit } from "../failure.ts";
import { openAudit } from "../perform/audit/audit-log.ts";
import { openHeadFile } from "../perform/audit/audit-log-end.ts";
import { operatingSystemUser } from "../perform/operating-system-user.ts";
import { loadAudit, loadSettings, readWrittenSettings, type SettingsFlags } from "../settings/load-settings.ts";
import { readServe } from "../settings/serve-settings.ts";
import { whereItAnswers } from "../state/audit-heads.ts";
import { openState, type State } from "../state/state.ts";
import type { Direction } from "../state/sweep-states.ts";
import type { Sweep } from "../state/sweeps.ts";
import { connectionFacts } from "../sweeps/connection.ts";
import { follow } from "../sweeps/follow.ts";
import { readHeader } from "../sweeps/header.ts";
import { fieldsFor, type SweepOrder } from "../sweeps/order.ts";
import { reportCsv, reportHtml } from "../sweeps/report.ts";
import { approveSweep, beginSweep, haltSweep, keptPlan, planSweep, sweepDocument, targetDocument, targetsOf } from "../sweeps/sweeps.ts";
import { openWorker, type WorkerHost } from "../sweeps/worker.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { didYouMean } from "../text/nearest-name.ts";
import { parseJson } from "../text/parse-json.ts";
import { shareRequestQueues } from "../wire/throttling/request-queue.ts";

const usage = `mailcordon sweep: one order for the mailboxes of an organisation.

  sweep plan --internet-message-id ID --mailboxes all --then ACTION [FLAGS]
                      Looks for the messages and keeps a plan; changes nothing.
                      FLAGS are those of the action, such as --keep-evidence.
  sweep approve SWEEP --plan HASH
                      Approves this plan.
  sweep run SWEEP     Carries out an approved plan, or shows the plan and asks.
                      Outside a terminal: --plan HASH --yes.
  sweep status SWEEP  Shows what is done and what is left.
  sweep list          Shows the newest sweeps.
  sweep pause SWEEP   Begins no further message; resume goes on.
  sweep resume SWEEP
  sweep cancel SWEEP  Ends the sweep; what is done can be undone.
  sweep undo SWEEP    Moves messages back to the folders they were in.
                      Outside a terminal: --yes.
  sweep report SWEEP  Shows every message with what became of it.
                      --format json, csv or html (one page without scripts).
                      Default: json.

  --internet-message-id ID  Message to find; may be repeated.
  --mailboxes LIST    all, or addresses with commas between.
  --then ACTION       delete-email, junk-mail or copy-email.
  --max-mailboxes N   Maximum number of mailboxes with messages. If there are
                      more, there is no plan. Default: no limit.
  --max-items N       The same for messages.
  --expected-count N  Number of messages that there must be.
  --expected-per-mailbox N
                      The same in each mailbox that has any.
  --plan HASH         Hash of the plan, as plan and status show it.
  --yes               Confirms run or undo without a question.
  --detach            Only starts it: mailcordon worker does the work.
  --config FILE       Settings file. Default: mailcordon.yaml here, then in
                      ~/.config/mailcordon/.
  --connection NAME   Connection of the settings, for plan.
  --out DIR           Folder for evidence. Default: evidence_dir of the settings.
  --audit-file FILE   File for the audit entries. Default: audit_file of the
                      settings.
  --json              One JSON document, also on a terminal.
  --quiet             Nothing on standard error.
  --help              Show this.
`;

const workerUsage = `mailcordon worker: helps with every sweep that runs, until it is stopped.

  --config FILE       Settings file. Default: mailcordon.yaml here, then in
                      ~/.config/mailcordon/.
  --quiet             Nothing on standard error.
  --help              Show this.

Every machine needs the same DATABASE_URL, and the connections of the sweeps
in its settings. What was begun has 20 seconds to end when it is told to stop.
`;

const own = ["config", "connection", "out", "audit_file", "json", "quiet", "help", "yes"];
const text = (field: string): Parameter => ({ ...blank, field, kind: "text" });
const number = (field: string): Parameter => ({ ...blank, field, kind: "number" });
const list = (field: string): Parameter => ({ ...blank, field, kind: "list" });
const blank = { description: "", required: false, byDefault: undefined, choices: undefined, bounds: undefined };
const limits = ["max_mailboxes", "max_items", "expected_count", "expected_per_mailbox"];

/** Output of a subcommand, and its exit code. */
interface Told {
  readonly document: object;
  readonly shown: (columns: number) => string;
  readonly exit?: number;
  /** Text printed instead of JSON, even outside a terminal. */
  readonly raw?: string;
}

/** A connection that is open. */
type Reached = WorkerHost & Pick<Opened, "exchange">;

/** What a subcommand works with. */
interface Desk {
  readonly state: State;
  readonly line: CommandLine;
  readonly screen: Screen;
  readonly flags: SettingsFlags;
  readonly actor: string;
  readonly progress: (text: string) => void;
  /** The audit log, where no connection is needed. */
  audit(): Promise<ReturnType<typeof openAudit>>;
  connection(name: string | undefined): Promise<Reached>;
  complain(failure: Failure): void;
}

type Subcommand = { readonly parameters: readonly Parameter[]; run(id: string, desk: Desk): Promise<Told> };

const subcommands: Readonly<Record<string, Subcommand>> = {
  plan: { parameters: [list("internet_message_id"), list("mailboxes"), text("then"), ...limits.map(number)], run: (_, desk) => plan(desk) },
  approve: { parameters: [text("plan")], run: approve },
  run: { parameters: [text("plan"), { ...blank, field: "detach", kind: "boolean" }], run: (id, desk) => run(id, "act", desk) },
  resume: { parameters: [{ ...blank, field: "detach", kind: "boolean" }], run: (id, desk) => run(id, "resume", desk) },
  undo: { parameters: [{ ...blank, field: "detach", kind: "boolean" }], run: (id, desk) => run(id, "undo", desk) },
  status: { parameters: [], run: (id, { state }) => status(id, state) },
  report: { parameters: [text("format")], run: report },
  list: { parameters: [], run: (_, { state }) => listed(state) },
  pause: { parameters: [], run: (id, desk) => halt(id, "pause", desk) },
  cancel: { parameters: [], run: (id, desk) => halt(id, "cancel", desk) },
};
const withoutId = ["plan", "list"];

/** Runs `mailcordon sweep` and returns the exit code. Throws Failure. */
export async function runSweep(words: readonly string[], screen: Screen): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--help" || name === "-h" || rest.includes("--help")) {
    screen.stdout.write(usage);
    return 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) {
    throw new Failure("invalid-input", `There is no sweep ${name}.${didYouMean(name, Object.keys(subcommands))}`, {
      hint: "`mailcordon sweep --help` lists them.",
    });
  }
  const [first] = rest;
  const id = withoutId.includes(name) || first === undefined || first.startsWith("--") ? undefined : first;
  if (id === undefined && !withoutId.includes(name))
    throw new Failure("invalid-input", `sweep ${name}: name the sweep, as sweep list shows it.`);
  const line = readFlags(id === undefined ? rest : rest.slice(1), [...subcommand.parameters, ...(await actionParameters(name, rest))], own);
  return onDesk(line, screen, async (desk) => {
    const { document, shown, exit = 0, raw } = await subcommand.run(id ?? "", desk);
    if (raw !== undefined) {
      screen.stdout.write(raw);
      return exit;
    }
    const json = screen.stdout.isTTY !== true || line.program.json === true;
    screen.stdout.write(json ? `${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n` : `${shown(screen.stdout.columns || 100)}\n`);
    return exit;
  });
}

/** Runs `mailcordon worker`, and returns the exit code after it was stopped. Throws Failure if it cannot start. */
export async function runWorker(words: readonly string[], screen: Screen): Promise<number> {
  const line = readFlags(words, [], ["config", "json", "quiet", "help"]);
  if (line.program.help) {
    screen.stdout.write(workerUsage);
    return 0;
  }
  return onDesk(line, screen, async (desk) => {
    const worker = await workerOf(desk);
    try {
      screen.stdout.write(`${harmlessJson({ success: true, message: "mailcordon works on sweeps.", worker: desk.state.instance })}\n`);
      await new Promise<void>((resolve) => {
        if (screen.signal.aborted) resolve();
        screen.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      await worker.close();
    }
    return 0;
  });
}

async function onDesk(line: CommandLine, screen: Screen, work: (desk: Desk) => Promise<number>): Promise<number> {
  // Each mailbox that is worked on listens to it.
  setMaxListeners(0, screen.signal);
  const said = (value: string | true | undefined) => (value === true ? undefined : value);
  const { config, connection, out, audit_file, quiet } = line.program;
  const flags = { config: said(config), connection: said(connection), evidenceDir: said(out), auditFile: said(audit_file) };
  const written = await readWrittenSettings({ flags });
  if (written.foundFile !== undefined && !quiet) screen.stderr.write(foundText(written.foundFile));
  const { stateDir, databaseUrl } = readServe(written);
  const state = await openState({ directory: stateDir, databaseUrl });
  // Before any connection is open: what Exchange allows an account is for all processes together.
  shareRequestQueues((account, queue) => state.budgets.join(account, queue));
  const opened = new Map<string, Promise<Reached>>();
  const progress =
    quiet || screen.stderr.isTTY !== true ? undefined : (await import("../faces/cli/progress.ts")).openProgress(screen.stderr);
  const say = (told: string) => progress?.say(told);
  const ways = { exclusively: state.exclusively, auditHead: (log: string) => whereItAnswers(() => state.auditHead(log)) };
  const openOne = async (name: string | undefined): Promise<Reached> => {
    // One that only the environment sets has no name in the file.
    const isDefault = name === undefined || name === written.defaultConnection;
    const settings = await loadSettings({ flags: isDefault ? flags : { ...flags, connection: name }, fileAlone: !isDefault });
    const one = await open(settings, ways);
    return {
      exchange: one.exchange,
      host: { ...one, actor: operatingSystemUser(), progress: say },
      connection: connectionFacts(settings.connection),
    };
  };
  try {
    return await work({
      ...{ state, line, screen, flags, progress: say, actor: operatingSystemUser() },
      async audit() {
        const { file, heads, key } = await loadAudit({ flags });
        const places = [openHeadFile(heads, file), ways.auditHead(file)];
        return openAudit(file, { exclusively: state.exclusively, heads: places, key: key?.reveal() });
      },
      connection(name) {
        const known = opened.get(name ?? "") ?? openOne(name);
        opened.set(name ?? "", known);
        return known;
      },
      complain({ code, message }) {
        progress?.end();
        if (!quiet) screen.stderr.write(`${harmlessJson({ level: "warn", code, message })}\n`);
      },
    });
  } finally {
    progress?.end();
    for (const one of opened.values()) await one.then(({ exchange }) => exchange.close()).catch(() => undefined);
    shareRequestQueues(undefined);
    await state.close();
  }
}

/** The flags of the action that is planned. */
async function actionParameters(name: string, words: readonly string[]): Promise<readonly Parameter[]> {
  const at = words.findIndex((word) => word === "--then" || word.startsWith("--then="));
  const then = at < 0 ? undefined : words[at]?.includes("=") ? words[at]?.slice("--then=".length) : words[at + 1];
  if (name !== "plan" || then === undefined || !actionNames.includes(then)) return [];
  const action = await loadAction(then);
  const fields = fieldsFor(action);
  return parametersOf(action).filter(({ field }) => fields.includes(field));
}

async function plan(desk: Desk): Promise<Told> {
  const { state, line, screen, actor } = desk;
  const { internet_message_id, mailboxes, then, ...rest } = line.fields;
  if (typeof then !== "string")
    throw new Failure("invalid-input", "--then is required: name the action that is to be done to the messages.");
  if (!actionNames.includes(then))
    throw new Failure("invalid-input", `--then: there is no action ${then}.${didYouMean(then, actionNames)}`);
  const addresses = listOf(mailboxes);
  const order: SweepOrder = {
    internetMessageIds: listOf(internet_message_id),
    mailboxes: addresses.length === 1 && addresses[0]?.toLowerCase() === "all" ? undefined : addresses,
    action: await loadAction(then),
    input: Object.fromEntries(Object.entries(rest).filter(([field]) => !limits.includes(field))),
    limits: Object.fromEntries(limits.flatMap((name) => (rest[name] === undefined ? [] : [[name, limitOf(name, rest[name])]]))),
  };
  const { host, connection } = await desk.connection(undefined);
  const planned = await planSweep(order, { host: { ...host, signal: screen.signal }, connection, state, actor });
  const { sweep, plan: made } = planned;
  const { messages, mailboxes: boxes, unexamined } = made.counts;
  const found = `${messages} ${messages === 1 ? "message" : "messages"} in ${boxes} ${boxes === 1 ? "mailbox" : "mailboxes"}`;
  const closed = unexamined === 0 ? "" : ` ${unexamined} mailboxes could not be examined completely.`;
  const message = `The sweep ${sweep.id} is planned: ${found}.${closed} Nothing was changed.`;
  const { targets, ...header } = made;
  const incomplete = unexamined > 0 ? { incomplete: true } : {};
  const document = { success: unexamined === 0, message, ...incomplete, ...sweepDocument(sweep, header, { planned: messages }), targets };
  return { document, shown: (columns) => planText(message, planned, columns), exit: unexamined === 0 ? 0 : incompleteExit };
}

/** As of every answer that something could not be looked at. */
const incompleteExit = 6;

/** Values with commas or line feeds between. A Message-ID in its brackets may hold a comma. */
function listOf(value: unknown): readonly string[] {
  const texts = typeof value === "string" ? value.split("\n") : [];
  return texts.flatMap((one) => one.match(/\s*<[^>]*>|[^,]+/g) ?? []).flatMap((one) => one.trim() || []);
}

function limitOf(name: string, value: unknown): number {
  const given = Number(value);
  const least = name === "expected_count" ? 0 : 1;
  if (Number.isInteger(given) && given >= least) return given;
  throw new Failure("invalid-input", `--${name.replaceAll("_", "-")}: put a number, at least ${least}.`);
}

async function approve(id: string, { state, line, actor, audit }: Desk): Promise<Told> {
  const hash = line.fields.plan;
  if (typeof hash !== "string")
    throw new Failure("invalid-input", "--plan is required: put the hash that sweep plan and sweep status show.");
  return told(await approveSweep(state, id, hash, actor, await audit()), state, `The plan of the sweep ${id} is approved.`);
}

/** Approves where that is asked for, begins, and works until the sweep ends or is held up. */
async function run(id: string, how: Direction | "resume", desk: Desk): Promise<Told> {
  const { state, line, screen, actor, complain } = desk;
  const hash = line.fields.plan;
  const audit = await desk.audit();
  const kept = await keptPlan(state, id);
  if (typeof hash === "string" && hash !== kept.sweep.planHash)
    throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${kept.sweep.planHash}: nothing was touched.`);
  const isApproved = how === "act" ? kept.sweep.state !== "planned" : how === "resume";
  if (!isApproved && !(line.program.yes === true && (how === "undo" || typeof hash === "string")) && !(await askSweep(kept, how, screen))) {
    const what = how === "act" ? `--plan ${kept.sweep.planHash} --yes` : "--yes";
    throw new Failure("confirmation-required", `The sweep ${id} was not confirmed: nothing was changed.`, {
      hint: `Look at the plan with sweep status ${id}, then repeat it with ${what}.`,
    });
  }
  if (how === "act" && kept.sweep.state === "planned") await approveSweep(state, id, kept.sweep.planHash, actor, audit);
  if (how === "resume" && kept.sweep.state !== "paused")
    throw new Failure("changed", `The sweep ${id} is ${kept.sweep.state}, and not paused: nothing was done.`);
  const direction = how === "resume" ? kept.sweep.direction : how;
  // One that runs, be it that its workers have died, is helped.
  const runs = kept.sweep.state === "running" && kept.sweep.direction === direction;
  if (!runs) await beginSweep(state, id, direction, actor, audit);
  if (line.fields.detach === true || line.fields.detach === "true")
    return told(await state.sweeps.get(id), state, `The sweep ${id} is running.`);
  const worker = await workerOf(desk);
  try {
    await follow(state, id, screen.signal, desk.progress);
    // Whoever stops the command means the sweep.
    if (screen.signal.aborted) await haltSweep(state, id, "pause", actor, audit).catch(complainUnlessEnded(complain));
  } finally {
    await worker.close();
  }
  return told(await state.sweeps.get(id), state);
}

function complainUnlessEnded(complain: Desk["complain"]): (thrown: unknown) => void {
  return (thrown) => {
    if (thrown instanceof Failure && thrown.code !== "changed") complain(thrown);
  };
}

function workerOf(desk: Desk) {
  const { state, screen, complain } = desk;
  const opening = (connection: string) => desk.connection(connection);
  return openWorker({ state, open: opening, loadAction, signal: screen.signal, complain });
}

async function halt(id: string, how: "pause" | "cancel", { state, actor, audit }: Desk): Promise<Told> {
  const done = how === "pause" ? "paused" : "cancelled";
  return told(await haltSweep(state, id, how, actor, await audit()), state, `The sweep ${id} is ${done}.`);
}

async function status(id: string, state: State): Promise<Told> {
  return { ...(await told(await state.sweeps.get(id), state)), exit: 0 };
}

async function report(id: string, { state, line }: Desk): Promise<Told> {
  const { format = "json" } = line.fields;
  if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "--format: put json, csv or html.");
  const sweep = await state.sweeps.get(id);
  const { document, shown } = await told(sweep, state);
  const targets: ReturnType<typeof targetDocument>[] = [];
  for await (const target of targetsOf(state, id)) targets.push(targetDocument(target));
  const { message, success, ...rest } = document;
  if (format === "csv") return { document, shown, raw: reportCsv(targets) };
  if (format === "html") return { document, shown, raw: reportHtml(message, rest, targets) };
  return { document: { success, message, ...rest, targets }, shown: (columns) => `${shown(columns)}${targetsText(targets, columns)}` };
}

async function listed(state: State): Promise<Told> {
  const sweeps = await Promise.all(
    (await state.sweeps.list(100)).map(async (sweep) =>
      sweepDocument(sweep, readHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id)),
    ),
  );
  const message = sweeps.length === 0 ? "There are no sweeps." : `${sweeps.length} ${sweeps.length === 1 ? "sweep" : "sweeps"}.`;
  return { document: { success: true, message, sweeps }, shown: (columns) => sweepText(message, sweeps, columns) };
}

/** A sweep as it is now. It is a success if no target has failed, differs from the plan or has an unknown state. */
async function told(sweep: Sweep, state: State, said?: string) {
  const document = sweepDocument(sweep, readHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id));
  const { waiting, unknown, done, failed, changed, gone, undone = 0, not_undone = 0, not_undoable = 0 } = document.counts;
  const undo = sweep.direction === "undo" ? ` Undone: ${undone}, not undone: ${not_undone}, cannot be undone: ${not_undoable}.` : "";
  const counts = `Done: ${done}, failed: ${failed}, changed since the plan: ${changed}, gone: ${gone}, waiting: ${waiting + unknown}.${undo}`;
  const message = `${said ?? `The sweep ${sweep.id} is ${sweep.state}.`} ${counts}`;
  const left = sweep.direction === "act" ? failed + changed : failed + not_undone;
  const success = left === 0 && (sweep.state !== "finished" || unknown === 0);
  const exit = success ? (said === undefined && sweep.state === "paused" ? failures.cancelled.exit : 0) : someItemsFailedExit;
  return { document: { success, message, ...document }, shown: (columns: number) => sweepText(message, [document], columns), exit };
}
