import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Action, Row } from "../../../src/catalogue/action-definition.ts";
import type { Answer, Result } from "../../../src/catalogue/answer-envelope.ts";
import { type FaultKind, type FaultRule, faultKinds } from "../../../src/lab/faults.ts";
import { wrongKinds } from "../../../src/lab/wrong-replies.ts";
import { verifyAudit } from "../../../src/perform/audit/verify-audit.ts";
import { perform } from "../../../src/perform/perform.ts";
import { type Backend, backends } from "../lab-host.ts";
import { type Habits, inventory, openStage, type Stage, sha256 } from "./stage.ts";

/** One object that an action is asked to change. */
export interface Thing {
  /** Returns the state of the object in the lab. Any state other than the two words (twice there, nowhere, half done) is returned as it is, and is a defect. */
  state(result?: Result): string;
  /** SHA-256 of what must be kept before it is touched. */
  readonly evidence?: string | undefined;
  /** Returns a leftover of an action that did not change the object. */
  leftover?(): string | undefined;
  /** Which result is about it; default the one at its place. */
  isOf?(result: Result): boolean;
}

export interface Arranged {
  readonly input: Row;
  /** As many as the answer must have results. Empty: a whole answer. */
  readonly things?: readonly Thing[] | undefined;
}

/** One way to use an action. */
export interface Scenario {
  readonly title: string;
  readonly action: Action;
  /** A connection to Graph that has not everything. */
  readonly habits?: Habits | undefined;
  /** The operations that this scenario is about, where another has the rest; default all. */
  readonly operations?: readonly string[] | undefined;
  arrange(stage: Stage): Arranged;
}

interface Case {
  readonly title: string;
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly rule: FaultRule;
}

/** How long a server asks us to wait, and how late a late reply is: no longer than it takes to tell the difference. Milliseconds. */
const backOffMs = 20;
const lateMs = 700;
const timeoutSeconds = 0.35;
/** Maximum duration of a call: three waits of at most five seconds for each of a few objects, several at a time. Milliseconds. */
const boundMs = 120_000;
/** Most of a run is waiting. */
const atOnce = 24;
/** Faults that occur on every request, beside those that occur once. */
const lasting: Readonly<Record<Backend, readonly FaultKind[]>> = {
  ews: ["server-busy-fault", "reset-after", "item-error", "page-404", "page-404-after"],
  graph: ["connection-count-fault", "reset-after", "item-error", "page-404", "page-404-after", "empty-204-after"],
};

/** A fault of a connection affects a whole batch, so it is tried for the batch and not for each request in it. */
const ofConnections: readonly FaultKind[] = ["reset-after", "reset-mid-body", "close-cut", "truncate", "delay"];

/** A test run runs one case in this many, chosen by the seed; SOAK=1 runs all. */
const oneIn = 8;
const seed = process.env.FAULT_SEED ?? "1";
const isWhole = process.env.SOAK === "1";

function isChosen({ title, backend, scenario }: Case): boolean {
  const chosen = createHash("sha256").update([seed, backend, scenario.action.name, scenario.title, title].join("\n")).digest();
  return isWhole || chosen.readUInt32BE(0) % oneIn === 0;
}

/** Bytes of a reply that are what was asked for, and nothing around them: cut short and measured anew they are whole to anybody. */
const bare = ["outlook-get-mime-message", "attachment-get-value"];

/** Faults that a back end cannot have, or has already in another of these shapes, and why. */
const meaningless: Readonly<Record<Backend, Readonly<Partial<Record<FaultKind, string>>>>> = {
  ews: {
    "429": "Exchange Web Services say it with ErrorServerBusy",
    "504": "an answer that a gateway lost is reset-after",
    "missing-answers": "there, a batch that is cut short is short-batch",
    "json-404": "what is no SOAP is one page like another, which is page-404",
    "json-404-after": "what is no SOAP is one page like another, which is page-404-after",
    "empty-object": "what is no SOAP is one page like another, which is page",
    "empty-object-after": "what is no SOAP is one page like another, which is page-after",
  },
  graph: {
    "server-busy-fault": "Graph says it with status 429",
    "server-busy-item": "a request inside of a batch is throttled as one alone is, which is 429",
    "illegal-characters": "there is no character that JSON cannot carry",
    "batch-stopped": "requests of a batch do not wait for each other",
    "short-batch": "an error for a whole batch is item-error at json-batching",
  },
};

const wireCodes: Readonly<Record<Backend, Partial<Record<FaultKind, string>>>> = {
  ews: {
    "server-busy-fault": "ErrorServerBusy",
    "server-busy-item": "ErrorServerBusy",
    "connection-count-fault": "ErrorExceededConnectionCount",
    "401": "HTTP 401",
    "403": "HTTP 403",
    "500": "HTTP 500",
    "503": "HTTP 503",
    "error-after": "ErrorInternalServerError",
    "redirect-after": "HTTP 302",
    "batch-stopped": "ErrorAccessDenied",
    "item-error": "ErrorCorruptData",
    "short-batch": "ErrorCorruptData",
  },
  graph: {
    "429": "ApplicationThrottled",
    "connection-count-fault": "ApplicationThrottled",
    "401": "InvalidAuthenticationToken",
    "403": "ErrorAccessDenied",
    "500": "InternalServerError",
    "503": "ServiceUnavailable",
    "error-after": "ErrorInternalServerError",
    "redirect-after": "HTTP 302",
    "504": "UnknownError",
    "item-error": "ErrorCorruptData",
  },
};

/** Each fault of the lab at each request that the actions make when nothing fails, over both back ends. */
export async function faultRuns(scenarios: readonly Scenario[]): Promise<void> {
  console.info(isWhole ? "Fault matrix: all cases." : `Fault matrix: one case in ${oneIn}, FAULT_SEED=${seed}; SOAK=1 runs all.`);
  for (const backend of backends) {
    describe(`over ${backend}`, () => {
      let kind: FaultKind;
      for (kind in meaningless[backend]) test.skip(`${kind}: ${meaningless[backend][kind]}`);
      if (backend === "graph")
        test.skip(`truncate at ${bare.join(", ")} for a read: bytes with a length that is theirs are whole to anybody`);
    });
    for (const scenario of scenarios) if (backend === "graph" || scenario.habits === undefined) await runsOf(scenario, backend);
  }
}

async function runsOf(scenario: Scenario, backend: Backend): Promise<void> {
  const { answer, requests } = await withoutFaults(scenario, backend);
  const isRead = scenario.action.effect === "read";
  const all = requests.flatMap(({ operation, nth, isInner }) =>
    kindsOf({ operation, isInner, isRead }, backend).flatMap((kind) =>
      (lasting[backend].includes(kind) ? [1, 99] : [1]).map((times): Case => {
        const title = `${kind} at ${operation} ${nth}${times > 1 ? " and from then on" : ""}`;
        return { title, backend, scenario, rule: { kind, operation, nth, times, backOffMs, delayMs: lateMs } };
      }),
    ),
  );
  const cases = all.filter(isChosen);
  const runs = pooled(cases, (one) => underFault(one, answer));
  describe(`${scenario.action.name} over ${backend}: ${scenario.title}`, () => {
    test("does without faults all that it is asked", () => {
      expect(answer).toMatchObject({ success: true });
    });
    test.each(cases.map((one, at) => ({ title: one.title, at })))(
      "$title",
      async ({ at }) => {
        await runs[at];
      },
      2 * boundMs,
    );
  });
}

function kindsOf({ operation, isInner, isRead }: Omit<Request, "nth"> & { readonly isRead: boolean }, backend: Backend): FaultKind[] {
  const list: FaultKind[] = [];
  let kind: FaultKind;
  for (kind in faultKinds) {
    const isOfBatches = kind === "missing-answers" && operation !== "json-batching";
    const isUnseen = isRead && kind === "truncate" && bare.includes(operation);
    const isOfConnection = isInner && ofConnections.includes(kind);
    // Whether a read is done before its reply is replaced makes no difference.
    const isSame = isRead && wrongKinds.some((one) => `${one}-after` === kind);
    if (meaningless[backend][kind] === undefined && !isOfBatches && !isUnseen && !isOfConnection && !isSame) list.push(kind);
  }
  return list;
}

const queue: (() => Promise<void>)[] = [];
let underWay = 0;

function next(): void {
  for (; underWay < atOnce; underWay++) {
    const begin = queue.shift();
    if (begin === undefined) return;
    void begin().finally(() => {
      underWay -= 1;
      next();
    });
  }
}

/** Begins a few at a time, over all scenarios of a file; each has its own promise. */
function pooled<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void>[] {
  const promises = items.map(
    (item) =>
      new Promise<void>((resolve, reject) => {
        queue.push(() => work(item).then(resolve, reject));
      }),
  );
  // The code that awaits a promise handles its rejection; nothing else does until then.
  for (const promise of promises) promise.catch(() => undefined);
  next();
  return promises;
}

interface Request {
  readonly operation: string;
  readonly nth: number;
  /** Inside of a batch. */
  readonly isInner: boolean;
}

async function withoutFaults(
  scenario: Scenario,
  backend: Backend,
): Promise<{ readonly answer: unknown; readonly requests: readonly Request[] }> {
  const stage = await openStage(backend, scenario.habits);
  const { input } = scenario.arrange(stage);
  const answer = comparable(await perform(scenario.action, input, stage.host), stage);
  // A request is logged when its connection is done with it: when everything is closed, all are.
  await stage.close();
  const counts = new Map<string, number>();
  const numbered = (operation: string, isInner: boolean): Request => {
    const nth = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, nth);
    return { operation, nth, isInner };
  };
  const requests = stage.lab.requests.flatMap(({ operation, inner = [] }) => {
    if (operation === undefined || scenario.operations?.includes(operation) === false) return [];
    const within = inner.map((one) => numbered(one, true));
    // Requests of a batch are alike: the last of each operation stands for the others.
    const last = within.filter((one, at) => within.findLastIndex((other) => other.operation === one.operation) === at);
    return [numbered(operation, false), ...last];
  });
  return { answer, requests };
}

async function underFault({ scenario, backend, rule }: Case, baseline: unknown): Promise<void> {
  const stage = await openStage(backend, scenario.habits);
  try {
    const arranged = scenario.arrange(stage);
    const before = inventory(stage);
    stage.lab.addFault(rule);
    const input = rule.kind === "delay" ? { ...arranged.input, timeout_seconds: timeoutSeconds } : arranged.input;
    const answer = await inTime(perform(scenario.action, input, stage.host));
    stage.lab.clearFaults();
    const same = scenario.action.effect === "read" ? (value: unknown) => value : whatWasDone;
    if (answer.success && rule.kind !== "illegal-characters")
      expect(same(comparable(answer, stage))).toEqual(same(asFarAsKnown(baseline, answer)));
    keepsItsWord(answer, arranged, rule, backend);
    if (scenario.action.effect === "read") expect(inventory(stage)).toBe(before);
    await isTraced(arranged, answer, stage);
  } finally {
    await stage.close();
  }
}

async function inTime(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${boundMs / 1000} s`)), boundMs);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** The single assertion: every item has a true outcome, nothing is done twice, nothing is lost, and each failure is named. */
function keepsItsWord(answer: Answer, { things = [] }: Arranged, rule: FaultRule, backend: Backend): void {
  const said = JSON.stringify(answer);
  expect(said).not.toContain('"internal"');
  expect(answer.message).not.toBe("");
  const { counts, results } = answer;
  if (results !== undefined) {
    const having = (status: Result["status"]) => results.filter((result) => result.status === status).length;
    expect(counts).toEqual({
      requested: results.length,
      succeeded: having("done"),
      failed: having("failed"),
      not_found: having("not_found"),
    });
  }
  if (answer.success) {
    if (results !== undefined) expect(results.map(({ status }) => status)).not.toContain("failed");
  } else {
    const failures = failuresIn(answer);
    expect(failures.length).toBeGreaterThan(0);
    const code = wireCodes[backend][rule.kind];
    if (code !== undefined) expect(failures.map((failure) => failure.wire_code)).toContain(code);
  }
  things.forEach((thing, at) => {
    // A call that failed as a whole has touched nothing.
    const isOf = thing.isOf ?? ((_: Result, index: number) => index === at);
    const about = results === undefined ? [{ status: "failed" as const, error: answer.error }] : results.filter(isOf);
    expect(about, said).toHaveLength(1);
    for (const result of about) isTrue(thing, result, said);
  });
  const placed = things.filter(({ isOf }) => isOf === undefined);
  if (placed.length > 0 && results !== undefined) expect(results).toHaveLength(placed.length);
}

function isTrue(thing: Thing, result: Result, said: string): void {
  const state = thing.state(result);
  const code = result.error?.code;
  expect(["untouched", "done"], said).toContain(state);
  if (result.status === "done") expect(state, said).toBe("done");
  else {
    expect([result.status, typeof code], said).toEqual(["failed", "string"]);
    const mayBeDone = code === "unknown-outcome" || code === "not-verified" || /may have been done/.test(result.error?.hint ?? "");
    if (!mayBeDone) expect(state, said).toBe("untouched");
  }
  const left = thing.leftover?.();
  if (left !== undefined) expect(result.error?.message, said).toMatch(/Drafts|may be left/);
  if (thing.evidence !== undefined && state === "done") {
    // A message that the lab refuses to convert is kept as Exchange's own export, and the result says so.
    if (result.evidence?.safe_name.endsWith(".fts") === true) expect(JSON.stringify(result.evidence), said).toContain("ExportItems");
    else expect(result.evidence?.sha256, said).toBe(thing.evidence);
    expect(sha256(readFileSync(result.evidence?.file_ref ?? ""))).toBe(result.evidence?.sha256);
  }
}

/** Whatever was touched was announced before, and every announcement has its end. */
async function isTraced({ things = [] }: Arranged, answer: Answer, { auditFile }: Stage): Promise<void> {
  if (!existsSync(auditFile)) {
    expect(things.map((thing) => thing.state())).not.toContain("done");
    return;
  }
  expect(await verifyAudit(auditFile)).toMatchObject({ entries: 2, torn: [] });
  const [began, ended] = readFileSync(auditFile, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([began.phase, ended.phase, ended.waited_ms]).toEqual(["began", "ended", answer.waited_ms]);
}

/** Every error noun, wherever it stands. */
function failuresIn(value: unknown): { readonly code: unknown; readonly wire_code: unknown }[] {
  if (typeof value !== "object" || value === null) return [];
  const own =
    "code" in value && "hint" in value ? [{ code: value.code, wire_code: "wire_code" in value ? value.wire_code : undefined }] : [];
  return [...own, ...Object.values(value).flatMap(failuresIn)];
}

/** What of an answer is the same for every run: not what was waited, and not where this run's files lie. */
function comparable(answer: Answer, { folder }: Stage): unknown {
  const { per_mailbox, ...rest } = answer;
  // A mailbox that could not be listed at first is searched last.
  const sorted = Array.isArray(per_mailbox) ? { per_mailbox: per_mailbox.slice().sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1)) } : {};
  return JSON.parse(JSON.stringify({ ...rest, ...sorted, waited_ms: undefined }).replaceAll(folder, ""));
}

const Place = z.looseObject({ archive: z.string().optional() });
const Listing = Place.extend({
  contacts: z.array(z.looseObject({ folder_path: z.string().optional() })).optional(),
  per_mailbox: z.array(Place).optional(),
});

/** What was found without the fault, less what an answer may leave open: whether there is an archive mailbox, and the path of a folder. */
function asFarAsKnown(baseline: unknown, answer: Answer): unknown {
  const whole = Listing.parse(baseline);
  const told = Listing.parse(answer);
  const contacts = whole.contacts?.map(({ folder_path, ...one }, at) =>
    told.contacts?.[at]?.folder_path === undefined ? one : { ...one, folder_path },
  );
  const unknown = ({ archive }: z.infer<typeof Place> = {}) => (archive === "unknown" ? { archive } : {});
  const mailboxes = whole.per_mailbox?.map((one) => ({
    ...one,
    ...unknown(told.per_mailbox?.find(({ mailbox }) => mailbox === one.mailbox)),
  }));
  return { ...whole, ...(contacts && { contacts }), ...(mailboxes && { per_mailbox: mailboxes }), ...unknown(told) };
}

/** Returns the changes that an answer reports: a second try makes the other parts (new ids, change keys, whether a copy could be read again) anew. */
function whatWasDone(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || !("results" in answer) || !Array.isArray(answer.results)) return answer;
  // After a refusal another method may be used, and the sentence says so.
  return {
    ...answer,
    message: "",
    results: answer.results.map(({ status, action, name, subject }: Result) => ({ status, action, name, subject })),
  };
}
