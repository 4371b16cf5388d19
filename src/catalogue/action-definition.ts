// src/catalogue/: The parts from which an action is declared: its definition, its fields, the reading of its input and the envelope of its answer.

import type * as z from "zod";
import type { Attachment } from "../exchange/attachment.ts";
import type { Call } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import type { Difference, ExchangeFor, MailboxFor, PortMethod, Uses } from "../exchange/port-methods.ts";
import type { Absent } from "../exchange/search/absence.ts";
import type { ArchiveState } from "../exchange/search/search-query.ts";
import type { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import { readInput } from "./read-input.ts";
import type { Reversibility } from "./reversibility.ts";

/** What an action does to the world. */
export type Effect = "read" | "change" | "create" | "send" | "destroy";

/**
 * What an effect means to the door and to every face: asked first? repeatable after a crash? is it a success when what was named is not there?
 * which MCP hints (`openWorld`: it brings in what strangers wrote, or goes out to them)? which kind of action? which role must a caller over the network have?
 */
export const effects = {
  read: {
    asksFirst: false,
    repeatable: true,
    missingIsFine: true,
    readOnly: true,
    destructive: false,
    idempotent: true,
    openWorld: true,
    kind: "Enrichment",
    role: "read",
  },
  change: {
    asksFirst: false,
    repeatable: true,
    missingIsFine: true,
    readOnly: false,
    destructive: false,
    idempotent: true,
    openWorld: false,
    kind: "Containment",
    role: "contain",
  },
  create: {
    asksFirst: false,
    repeatable: false,
    missingIsFine: false,
    readOnly: false,
    destructive: false,
    idempotent: false,
    openWorld: false,
    kind: "Containment",
    role: "contain",
  },
  send: {
    asksFirst: false,
    repeatable: false,
    missingIsFine: false,
    readOnly: false,
    destructive: false,
    idempotent: false,
    openWorld: true,
    kind: "Notification",
    role: "send",
  },
  destroy: {
    asksFirst: true,
    repeatable: true,
    missingIsFine: true,
    readOnly: false,
    destructive: true,
    idempotent: true,
    openWorld: false,
    kind: "Containment",
    role: "contain",
  },
} as const satisfies Record<Effect, object>;

/** Bytes that were read to their end, and their hashes in hexadecimal. */
export interface Digests {
  /** A name that is safe as a file name; made from what the mail says, never equal to a path. */
  readonly safe_name: string;
  /** Bytes. */
  readonly size: number;
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  /** When it was asked for: it costs as much again as another. */
  readonly sha512?: string | undefined;
}

/** Bytes that were kept as evidence. */
export interface Kept extends Digests {
  /** Where it lies, as the store says it: a path, or a link. */
  readonly file_ref: string;
  /** Why it is in another form than was asked; one sentence. */
  readonly note?: string | undefined;
}

/** Bytes that are handed over in the answer. */
export interface InlineContent extends Digests {
  readonly base64: string;
}

/** What the store is told of the bytes. */
export interface EvidenceDetails {
  /** As the mail says it; made safe by the store. */
  readonly name: string;
  /** More than that is Failure `too-large`. */
  readonly maxBytes?: number | undefined;
  readonly sha512?: boolean | undefined;
  /** Where they come from, for the store's index: mailbox, ids. */
  readonly source?: Row | undefined;
  /** Is told the hashes when the bytes are written, before they have a name. What it throws is passed on, and nothing is kept. */
  readonly confirm?: ((digested: Digests) => Promise<void>) | undefined;
}

/** Where evidence goes. Bytes are hashed while they stream; a stream that throws leaves nothing behind. */
export interface EvidenceStore {
  /** Keeps the bytes. Failure `evidence-failed` when they cannot be written; what the stream throws is passed on. */
  keep(bytes: AsyncIterable<Uint8Array>, about: EvidenceDetails): Promise<Kept>;
  /** Reads the bytes into memory, for small things that are answered as base64. Without `maxBytes`, at most 25 MiB. */
  hold(bytes: AsyncIterable<Uint8Array>, about: EvidenceDetails): Promise<InlineContent>;
}

/** A file that the caller named in the input, opened by the face. */
export interface OpenedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** May be called again; gives exactly `size` bytes or throws. */
  open(): AsyncIterable<Uint8Array>;
}

/**
 * What every action may use: of Exchange, the methods that it declares. Actions return data: they never print, ask, write files or know which
 * face called.
 */
export interface Context<M extends PortMethod = PortMethod> {
  readonly exchange: ExchangeFor<M>;
  /** The mailbox that the input names, or the connection's default. Throws Failure when there is none: ask for it only when it is needed. */
  readonly mailbox: MailboxFor<M>;
  readonly call: Call;
  readonly evidence: EvidenceStore;
  /** Which of these item ids and Message-IDs the audit log says that this action was carried out on in this mailbox, where there is one to ask. */
  readonly doneBefore?: ((names: readonly string[]) => Promise<ReadonlySet<string>>) | undefined;
  /** Opens a file that the input names, where the face allows that. */
  readonly readFile?: ((path: string) => Promise<OpenedFile>) | undefined;
  now(): Date;
  /** Adds to what the answer says of its own completeness, for actions that answer item by item. */
  remark(remarks: Remarks): void;
  /** Tells the audit that a search asks this mailbox. */
  searching?: ((mailbox: string) => void) | undefined;
}

/** What an answer says of what it does not hold. Both may be true. */
export interface Remarks {
  /** A limit of the caller's own ended a list. */
  readonly truncated?: true | undefined;
  /** Something that was meant could not be looked at. The answer is then no success. */
  readonly incomplete?: true | undefined;
  /** What became of the archive mailbox, where every folder was looked into. */
  readonly archive?: ArchiveState | undefined;
}

/** The columns that name one item to a person, snake_case, as they appear in a result. */
export type Row = Readonly<Record<string, unknown>>;

/** One thing that an action will touch. */
export interface Target {
  readonly row: Row;
  readonly message?: Message | undefined;
  readonly attachment?: Attachment | undefined;
}

/**
 * What became of one name that was asked: a target; that it is not there, which only a look shows; or a failure. The failure `not-found` of a server
 * is no look: it says nothing of what is there.
 */
export interface Selected {
  /** The name as it was asked, for the result when there is no target. */
  readonly asked: Row;
  readonly outcome: Outcome<Target | Absent>;
}

/** How the bytes of a target are had, to keep them as evidence before it is destroyed. */
export type Preserve = (targets: readonly Target[]) => AsyncIterable<Outcome<Source>>;

/** Bytes to be kept as evidence, and what shows that they are whole. */
export interface Source {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Reads them a second time, when the first is read to its end. Throws Failure. */
  again(): Promise<AsyncIterable<Uint8Array>>;
  /** What is to be said of this evidence; one sentence. */
  readonly note?: string | undefined;
  /** What Exchange says of a message of which these are the bytes; absent for those of a file. */
  readonly message?: { readonly internetMessageId?: string | undefined; readonly attachments: readonly Attachment[] } | undefined;
}

/** What a person who is asked must know besides the targets. */
export interface Details {
  /** Named values, each of a list on a line of its own. They may hold what senders and callers wrote. */
  readonly values?: Row;
  /** Sentences of ours, such as whether it can be undone. They hold nothing that others wrote. */
  readonly notes?: readonly string[];
  /** The values describe the only item: it is not listed once more. */
  readonly isItem?: boolean;
}

/** An action with its input parsed: what the door needs. Either `run` (one whole answer) or `select` and `act` (one outcome per item). */
export interface Prepared {
  readonly input: Readonly<Record<string, unknown>>;
  readonly run?: (context: Context) => Promise<Row>;
  readonly select?: (context: Context) => AsyncIterable<Selected>;
  /** As many Outcomes as targets, in their order. */
  readonly act?: (targets: readonly Target[], context: Context) => AsyncIterable<Outcome<Row>>;
  /** Present when evidence is wanted first. */
  readonly preserve?: (targets: readonly Target[], context: Context) => ReturnType<Preserve>;
  /**
   * Looks again at what was done; as many Outcomes as targets, each given with what `act` said of it. False: it could not be looked at.
   * Failure `not-verified`: it is not as `act` said, and the item has failed. Another Failure counts as false. A Failure as the value: it is as `act` said,
   * and something else fails the item in the same way.
   * `chosen` is everything that was selected, also what failed.
   */
  readonly verify?: (
    targets: readonly Target[],
    rows: readonly Row[],
    context: Context,
    chosen: readonly Target[],
  ) => AsyncIterable<Outcome<boolean | Failure>>;
  /** Reads what a person who is asked must know besides the targets. Throws Failure. */
  readonly details?: ((targets: readonly Target[], context: Context) => Details | Promise<Details>) | undefined;
  /** What must be confirmed beyond the effect's own rule, or undefined. Thrown Failures are for input that may never go on. */
  readonly asksFirst: boolean;
  /** What has become of an item when it is done, with this input: `deleted`. Default: done. */
  readonly done?: string | undefined;
  /** The same of one result, where it is not what `done` says. */
  readonly did?: ((row: Row) => string | undefined) | undefined;
  /** The action's own columns of what was there when it was chosen and, as a second look has shown, is no more. */
  readonly vanished?: Row | undefined;
}

/** How an answer is told to a person. JSON has all of it, whatever stands here. */
export interface Presentation {
  /** The columns of a row, the most telling first. Further ones are shown where there is room. */
  readonly columns?: readonly string[];
  /** Columns that only a program can use. */
  readonly hidden?: readonly string[];
  /** The members of the answer that are the action's own, as a person wants them: without what says nothing. */
  readonly members?: (answer: Row) => Row;
}

/** One thing an analyst asks for, as the faces, the check-up and the reference pages see it. */
export interface Action extends Uses, Reversibility {
  /** kebab-case; also the file's name. */
  readonly name: string;
  /** As Sumo Logic's integration spells it. */
  readonly title: string;
  readonly summary: string;
  readonly effect: Effect;
  readonly overGraph: Difference;
  readonly input: z.ZodObject;
  /** One result row, for actions that answer item by item. */
  readonly each?: z.ZodObject;
  /** The parts of the whole answer that are this action's own. */
  readonly output?: z.ZodObject;
  /** What one item is called: `message`. Default: item. */
  readonly noun?: string;
  readonly glance?: Presentation;
  /** An input that makes sense to a reader. */
  readonly example?: Row;
  /** Parses the input. Throws Failure `invalid-input` naming the field and saying what to put. */
  prepare(raw: unknown): Prepared;
}

interface CommonDefinition<In extends z.ZodObject, M extends PortMethod> extends Uses<M>, Reversibility {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly overGraph: Difference;
  readonly input: In;
  readonly example?: z.input<In>;
}

interface WholeAnswerDefinition<In extends z.ZodObject, Out extends z.ZodObject, M extends PortMethod> extends CommonDefinition<In, M> {
  readonly output: Out;
  readonly glance?: { readonly columns?: readonly string[]; readonly members?: (answer: z.output<Out>) => Row };
}

/** Declares an action that only reads: either one whole answer (`output`, `.run`) or one outcome per item (`each`, `.select().each()`). */
export function defineWholeAnswerAction<In extends z.ZodObject, Out extends z.ZodObject, M extends PortMethod>(
  definition: WholeAnswerDefinition<In, Out, M>,
) {
  const { columns, members } = definition.glance ?? {};
  const membersOf = (answer: Row): Row => {
    const own = Object.keys(definition.output.shape).filter((name) => answer[name] !== undefined);
    const whole = definition.output.safeParse(Object.fromEntries(own.map((name) => [name, answer[name]])));
    // A call that failed has none of the action's members: there is nothing to tell then.
    return whole.success && members !== undefined ? members(whole.data) : answer;
  };
  const glance: Presentation = { ...(columns && { columns }), ...(members && { members: membersOf }) };
  return {
    run: (
      work: (input: z.output<In>, context: Context<M>) => Promise<z.input<Out>>,
    ): Action & { readonly input: In; readonly output: Out } => ({
      ...definition,
      glance,
      effect: "read",
      prepare: (raw) => {
        const input = readInput(definition.input, raw);
        return { input, asksFirst: false, run: (context) => work(input, context) };
      },
    }),
  };
}

interface ItemActionDefinition<In extends z.ZodObject, Each extends z.ZodObject, M extends PortMethod> extends CommonDefinition<In, M> {
  readonly effect: Effect;
  readonly each: Each;
  readonly noun?: string;
  readonly glance?: Presentation;
  /** What has become of an item when it is done: `deleted`. */
  readonly done?: string | ((input: z.output<In>) => string);
  /** The same of one result, where it is not what `done` says: `copied as a draft`. */
  readonly did?: (row: z.output<Each>, input: z.output<In>) => string | undefined;
  /** The columns of what was there when it was chosen and, as a second look has shown, is no more. */
  readonly vanished?: z.input<Each>;
}

type Select<In extends z.ZodObject, M extends PortMethod> = (input: z.output<In>, context: Context<M>) => AsyncIterable<Selected>;
type Act<In extends z.ZodObject, Each extends z.ZodObject, M extends PortMethod> = (
  targets: readonly Target[],
  input: z.output<In>,
  context: Context<M>,
) => AsyncIterable<Outcome<z.input<Each>>>;

/** The optional parts of an action that answers item by item. */
interface OptionalParts<In extends z.ZodObject, Each extends z.ZodObject, M extends PortMethod> {
  /** Given when a copy of each target can be kept before it is destroyed; `wanted` reads the input. */
  readonly preserve?: {
    wanted(input: z.output<In>): boolean;
    bytes(targets: readonly Target[], input: z.output<In>, context: Context<M>): ReturnType<Preserve>;
  };
  readonly verify?: (
    targets: readonly Target[],
    rows: readonly z.output<Each>[],
    input: z.output<In>,
    context: Context<M>,
    chosen: readonly Target[],
  ) => AsyncIterable<Outcome<boolean | Failure>>;
  /** What a person who is asked must know besides the targets. */
  readonly details?: (input: z.output<In>, context: Context<M>, targets: readonly Target[]) => Details | Promise<Details>;
  /** Overrides the effect's rule: false for what can be undone, true for what cannot. */
  readonly asksFirst?: (input: z.output<In>) => boolean;
  /** Checks between fields; throws Failure `invalid-input` or `confirmation-required`. */
  readonly check?: (input: z.output<In>) => void;
}

/** Declares an action in two parts: select (what it will touch; only reads) and act (what it does to each). Also for reads that answer per item. */
export function defineItemAction<In extends z.ZodObject, Each extends z.ZodObject, M extends PortMethod>(
  definition: ItemActionDefinition<In, Each, M>,
) {
  return {
    select: (select: Select<In, M>) => ({
      act: (act: Act<In, Each, M>, extras: OptionalParts<In, Each, M> = {}): Action & { readonly input: In; readonly each: Each } => ({
        ...definition,
        prepare: (raw) => {
          const input = readInput(definition.input, raw);
          extras.check?.(input);
          const { preserve, verify, details } = extras;
          return {
            input,
            done: typeof definition.done === "function" ? definition.done(input) : definition.done,
            did: (row) => definition.did?.(definition.each.parse(row), input),
            vanished: definition.vanished,
            asksFirst: extras.asksFirst?.(input) ?? effects[definition.effect].asksFirst,
            select: (context) => select(input, context),
            act: (targets, context) => act(targets, input, context),
            details: details && ((targets, context) => details(input, context, targets)),
            ...(preserve?.wanted(input) ? { preserve: (targets, context) => preserve.bytes(targets, input, context) } : {}),
            ...(verify
              ? {
                  verify: (targets, rows, context, chosen) =>
                    verify(
                      targets,
                      rows.map((row) => definition.each.parse(row)),
                      input,
                      context,
                      chosen,
                    ),
                }
              : {}),
          };
        },
      }),
    }),
  };
}
