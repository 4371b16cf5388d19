import { PassThrough } from "node:stream";
import * as z from "zod";
import { type Action, defineItemAction, defineWholeAnswerAction } from "../../src/catalogue/action-definition.ts";
import { textList } from "../../src/catalogue/text-lists.ts";
import type { Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import { sameOverGraph } from "../../src/exchange/port-methods.ts";
import type { Catalogue } from "../../src/faces/catalogue.ts";
import { runCli } from "../../src/faces/cli/cli.ts";
import type { Opened, Program } from "../../src/faces/cli/program-definition.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { Failure } from "../../src/failure.ts";

/** A reading action with one field of each kind. */
export const countSheep = defineWholeAnswerAction({
  name: "count-sheep",
  title: "Count Sheep",
  summary: "Count the sheep of a mailbox.",
  uses: [],
  overGraph: sameOverGraph,
  input: z.strictObject({
    mailbox: z.string().optional().describe("Whose sheep."),
    shade: z.enum(["black", "white"]).default("white").describe("Which sheep."),
    limit: z.number().int().min(1).max(500).default(50).describe("How many at most."),
    names: textList("Their names."),
    awake: z.boolean().optional().describe("Only those awake, or only those asleep. Default: both."),
    tired: z.boolean().default(true).describe("Also tired ones."),
    wolf: z.enum(["none", "hungry", "cancelled", "lost"]).default("none").describe("What happens meanwhile."),
  }),
  output: z.strictObject({
    message: z.string(),
    sheep: z.array(z.strictObject({ name: z.string(), awake: z.boolean() })),
    note: z.string().optional(),
  }),
}).run(async ({ limit, names = ["Dolly\u001b[2J"], awake = true, wolf }, { call }) => {
  call.progress?.("counting\u001b[2J");
  if (wolf === "hungry") throw new Failure("busy", "The wolf\u202e came.", { wireCode: "ErrorWolf", requestId: "7" });
  if (wolf === "lost") await new Promise(() => {});
  if (wolf === "cancelled") await new Promise((_, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)));
  const sheep = names.slice(0, limit).map((name) => ({ name, awake }));
  return { message: sheep.length === 0 ? "No sheep found" : `${sheep.length} counted.`, sheep, note: "one\ntwo" };
});

/** A destroying action over two targets; the second fails. */
export const shearSheep = defineItemAction({
  name: "shear-sheep",
  title: "Shear Sheep",
  summary: "Take the wool off.",
  uses: [],
  overGraph: sameOverGraph,
  noun: "ewe",
  done: "shorn",
  example: { mailbox: "o'hara@example.com", dry_run: true },
  effect: "destroy",
  input: z.strictObject({ mailbox: z.string().optional(), dry_run: z.boolean().default(false).describe("Only say what would be done.") }),
  each: z.strictObject({ action: z.enum(["shorn"]) }),
})
  .select(async function* () {
    for (const name of ["Dolly", "Molly\u001b[2J"]) yield { asked: { name }, outcome: { ok: true, value: { row: { name } } } };
  })
  .act(async function* () {
    yield { ok: true, value: { action: "shorn" } };
    yield { ok: false, failure: new Failure("access-denied", "She will not.") };
  });

/** The same action for this many ewes. */
export function shearMany(ewes: number): Action {
  const names = Array.from({ length: ewes }, (_, at) => `Ewe ${at + 1}`);
  return {
    ...shearSheep,
    prepare: (raw) => ({
      ...shearSheep.prepare(raw),
      select: async function* () {
        for (const name of names) yield { asked: { name }, outcome: { ok: true, value: { row: { name } } } };
      },
    }),
  };
}

const actions: readonly Action[] = [countSheep, shearSheep];

export const toyCatalogue = catalogueOf(actions);

export function catalogueOf(actions: readonly Action[]): Catalogue {
  return {
    names: actions.map((action) => action.name),
    load: async (name) => {
      const found = actions.find((action) => action.name === name);
      if (found === undefined) throw new Error(`asked for ${name}`);
      return found;
    },
  };
}

/** The output and exit code of one command line. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The settings that the program was asked to open. */
  readonly wanted: readonly unknown[];
  readonly closed: number;
}

export interface Given {
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  readonly open?: () => Promise<Opened>;
  /** Default: the toys. */
  readonly catalogue?: Catalogue;
  /** Short names in the settings. */
  readonly aliases?: Program["aliases"];
}

/** Runs one command line. */
export async function toy(words: readonly string[], given: Given = {}): Promise<Ran> {
  const written = { out: "", err: "" };
  const wanted: unknown[] = [];
  let closed = 0;
  const terminal = given.terminal ?? false;
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal });
  if (given.stdin !== undefined) stdin.end(given.stdin);
  const screen: Screen = {
    stdin,
    stdout: { isTTY: terminal, columns: given.columns ?? 80, write: (text) => (written.out += text) },
    stderr: { isTTY: terminal, columns: given.columns ?? 80, write: (text) => (written.err += text) },
    signal: given.signal ?? new AbortController().signal,
  };
  const program: Program = {
    version: () => "1.2.3",
    catalogue: given.catalogue ?? toyCatalogue,
    ...(given.aliases === undefined ? {} : { aliases: given.aliases }),
    commands: [{ name: "sleep", summary: "Do nothing.", run: async (rest) => rest.length }],
    open: async (asked) => {
      wanted.push(asked);
      return given.open?.() ?? opened(() => (closed += 1));
    },
  };
  const code = await runCli(words, program, screen);
  return { code, ...written, wanted, closed };
}

/** The environment of the toy actions, which use only the mailbox's address. */
export function opened(close: () => void = () => {}): Opened {
  const exchange: Exchange = {
    backend: "ews",
    mailbox: (address) => mailbox(address ?? "shepherd@example.com"),
    searchableMailboxes: () => Promise.reject(new Error("not asked")),
    groupMembers: () => Promise.reject(new Error("not asked")),
    atATime: () => 4,
    messageTrace: () => Promise.reject(new Error("not asked")),
    close: async () => close(),
  };
  const unused = () => Promise.reject(new Error("not asked"));
  return { exchange, evidence: { keep: unused, hold: unused }, audit: undefined, connection: "toy", readFile: unused };
}

/** A mailbox with nothing but its address, since the toy actions use nothing else. */
function mailbox(address: string): Mailbox {
  return new Proxy({ address } as Mailbox, {
    get: (target, name) => {
      if (name === "address") return target.address;
      // The door asks where a mailbox is; one that has a single back end does not say.
      if (name === "route" || name === "then") return undefined;
      throw new Error(`the toy mailbox was asked for ${String(name)}`);
    },
  });
}
