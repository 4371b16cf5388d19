import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { flagOf } from "../src/faces/field-spellings.ts";
import type { Timeline } from "./demo-timeline.ts";

/** The built program next to the built demo: the sweep runs through its commands. */
const program = fileURLToPath(new URL("mailcordon.cjs", import.meta.url));
/** Exit code of a plan that names mailboxes which could not be examined completely. */
const incompleteExit = 6;

/** A reported message. */
export interface Reported {
  readonly messageId: string;
  readonly subject: string;
  readonly sender: string;
}

/** The output of the commands of a sweep. */
interface Document {
  readonly message: string;
  readonly sweep: string;
  readonly plan_hash: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly archive?: { readonly file: string; readonly sha256: string };
}

/** Runs `mailcordon sweep` for the demo. */
export interface SweepStage {
  readonly folder: string;
  run(command: string, input: Readonly<Record<string, unknown>>, yes?: "yes"): Promise<Document>;
  /** Runs a command that prints no JSON, and keeps its output in a file of the folder. */
  save(command: string, input: Readonly<Record<string, unknown>>, file: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a settings file and a database for the sweep. `environment`: variables that lead to the lab. */
export async function openSweepStage(
  timeline: Timeline,
  environment: Readonly<Record<string, string>>,
  evidence: string,
): Promise<SweepStage> {
  const own = await mkdtemp(join(tmpdir(), "mailcordon-demo-"));
  // PostgreSQL does not run as root: if we are root, its user must be able to enter the folder.
  await chmod(own, 0o711);
  await mkdir(evidence, { recursive: true });
  const folder = resolve(evidence);
  const config = join(own, "mailcordon.yaml");
  const places = { evidence_dir: folder, audit_file: join(folder, "audit.jsonl"), serve: { state_dir: join(own, "state") } };
  await writeFile(config, JSON.stringify({ connections: { lab: {} }, ...places }));
  const env = { ...process.env, ...environment, XDG_STATE_HOME: own, DATABASE_URL: "" };
  const print = async (command: string, input: Readonly<Record<string, unknown>>, more: readonly string[]): Promise<string> => {
    timeline.command(`sweep ${command}`, input, more.includes("--yes"));
    const flags = Object.entries(input).map(([field, value]) => `${flagOf(field)}=${String(value)}`);
    const { code, stdout, stderr } = await ended(["sweep", ...command.split(" "), ...flags, ...more, "--config", config, "--quiet"], env);
    if (code !== 0 && !(command === "plan" && code === incompleteExit))
      throw new Error(`sweep ${command} ended with ${code}: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`);
    return stdout;
  };
  return {
    folder,
    async run(command, input, yes) {
      const document: Document = JSON.parse(await print(command, input, ["--json", ...(yes === undefined ? [] : ["--yes"])]));
      timeline.say(`→ ${document.message}`);
      return document;
    },
    async save(command, input, file) {
      await writeFile(join(folder, file), await print(command, input, []));
      timeline.say(`→ ${join(evidence, file)}`);
    },
    async close() {
      await rm(own, { recursive: true, force: true });
    },
  };
}

function ended(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    });
  });
}

/** Plays a sweep from its plan to its undo. Afterwards every message is where it was. Throws if the result is not the expected one. */
export async function tellSweep(stage: SweepStage, timeline: Timeline, { messageId, subject, sender }: Reported): Promise<void> {
  timeline.step("One order for all mailboxes: plan a sweep, which only reads");
  const which = subject === "" || sender === "" ? { internet_message_id: messageId } : { sender, subject };
  // biome-ignore lint/suspicious/noThenProperty: it is the flag --then
  const planned = await stage.run("plan", { ...which, mailboxes: "all", then: "delete-email", keep_evidence: true });
  const messages = planned.counts.messages ?? 0;
  if (messages === 0) throw new Error("the sweep found no copy of what was reported");
  const id = planned.sweep;
  timeline.rows([
    ["Sweep", id],
    ["Plan", `sha256 ${planned.plan_hash.slice(0, 16)}…`],
  ]);
  timeline.step("Approve exactly this plan by its hash, and run it");
  await stage.run(`approve ${id}`, { plan: planned.plan_hash });
  await stage.run(`run ${id}`, {});
  const { counts, state } = await stage.run(`status ${id}`, {});
  if (state !== "finished" || counts.done !== messages) throw new Error(`${counts.done} of ${messages} messages are done`);
  timeline.step("Report it, and pack an archive that anybody can check");
  await stage.save(`report ${id}`, { format: "html" }, "sweep.html");
  const { archive } = await stage.run(`archive ${id}`, { output: join(stage.folder, "sweep.zip") });
  if (archive === undefined) throw new Error("there is no archive");
  timeline.step("It was a mistake? Take it back: every message is in its folder again");
  const undone = await stage.run(`undo ${id}`, {}, "yes");
  if (undone.counts.undone !== messages) throw new Error(`${undone.counts.undone ?? 0} of ${messages} messages are back`);
}
