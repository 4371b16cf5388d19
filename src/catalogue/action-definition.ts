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
import type { Presentation, Row } from "./presentation.ts";
import { readInput } from "./read-input.ts";
import type { Reversibility } from "./reversibility.ts";

export type { Row, Undo } from "./presentation.ts";

/** The effect of an action on mailboxes. */
export type Effect = "read" | "change" | "create" | "send" | "destroy";

/**
 * Rules that follow from an effect, for `perform` and every face: whether it needs confirmation; whether it can be repeated after a crash; whether a
 * missing item is a success; which MCP hints apply (`openWorld`: it returns text of strangers, or sends to them); which kind of action it is; which
 * role a caller over the network needs.
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
  /** Name that is safe as a file name. It is derived from the name in the message and is never a path. */
  readonly safe_name: string;
  /** Bytes. */
  readonly size: number;
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  /** Present if requested: it takes as long as each of the other hashes. */
  readonly sha512?: string | undefined;
}

/** Bytes that were kept as evidence. */
export interface Kept extends Digests {
  /** Where the evidence is, in the form of the store: a path or a link. */
  readonly file_ref: string;
  /** Why the evidence is in another form than requested; one sentence. */
  readonly note?: string | undefined;
  /** Exchange's own export of the same message, kept beside it. */
  readonly export?: Kept | undefined;
}

/** Bytes that are returned in the answer. */
export interface InlineContent extends Digests {
  readonly base64: string;
}

/** Facts about the bytes that the store needs. */
export interface EvidenceDetails {
  /** Name in the message; the store makes it safe. */
  readonly name: string;
  /** More than that is Failure `too-large`. */
  readonly maxBytes?: number | undefined;
  readonly sha512?: boolean | undefined;
  /** Origin of the bytes, for the store's index: mailbox, ids. */
  readonly source?: Row | undefined;
  /** Called with the hashes after the bytes are written and before they have a name. If it throws, nothing is kept and the error is passed on. */
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
  /** May be called again; yields exactly `size` bytes or throws. */
  open(): AsyncIterable<Uint8Array>;
}

/** The context of every action, with only the Exchange methods it declares. Actions return data: they never print, ask or write files. */
export interface Context<M extends PortMethod = PortMethod> {
  readonly exchange: ExchangeFor<M>;
  /** The mailbox that the input names, or the connection's default. Throws Failure when there is none: ask for it only when it is needed. */
  readonly mailbox: MailboxFor<M>;
  readonly call: Call;
  readonly evidence: EvidenceStore;
  /** Returns which of these item ids and Message-IDs the audit log records as processed by this action in this mailbox. Absent without a log. */
  readonly doneBefore?: ((names: readonly string[]) => Promise<ReadonlySet<string>>) | undefined;
  /** Opens a file that the input names, where the face allows that. */
  readonly readFile?: ((path: string) => Promise<OpenedFile>) | undefined;
  now(): Date;
  /** Adds remarks about the completeness of the answer, for actions that answer item by item. */
  remark(remarks: Remarks): void;
  /** Reports to the audit log that a search opens this mailbox. */
  searching?: ((mailbox: string) => void) | undefined;
}

/** What an answer reports about missing content. Both may be true. */
export interface Remarks {
  /** A limit of the caller's own ended a list. */
  readonly truncated?: true | undefined;
  /** Something that was to be searched could not be. The answer is then not a success. */
  readonly incomplete?: true | undefined;
  /** State of the archive mailbox, if every folder was searched. */
  readonly archive?: ArchiveState | undefined;
}

/** One item that an action will act on. */
export interface Target {
  readonly row: Row;
  readonly message?: Message | undefined;
  readonly attachment?: Attachment | undefined;
}

/** Result of one name in the input: a target, an absence proven by a search, or a failure. A server's `not-found` alone proves no absence. */
export interface Selected {
  /** The name as in the input, for the result if there is no target. */
  readonly asked: Row;
  readonly outcome: Outcome<Target | Absent>;
}

/** Reads the bytes of targets, to keep them as evidence before they are deleted. */
export type Preserve = (targets: readonly Target[]) => AsyncIterable<Outcome<Source>>;

/** Bytes to be kept as evidence, and the facts that show that they are complete. */
export interface Source {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Reads them a second time, when the first is read to its end. Throws Failure. */
  again(): Promise<AsyncIterable<Uint8Array>>;
  /** Remark about this evidence; one sentence. */
  readonly note?: string | undefined;
  /** A second form of the same message, to be kept with it. */
  readonly export?: { readonly name: string; open(): Promise<AsyncIterable<Uint8Array>> } | undefined;
  /** What Exchange reports about the message with these bytes; absent for the bytes of a file. */
  readonly message?: { readonly internetMessageId?: string | undefined; readonly attachments: readonly Attachment[] } | undefined;
}

/** What a person who confirms must know in addition to the targets. */
export interface Details {
  /** Named values; each value of a list is on its own line. They may contain text by senders and callers. */
  readonly values?: Row;
  /** mailcordon's own sentences, such as whether the action can be undone. They contain no text by others. */
  readonly notes?: readonly string[];
  /** The values describe the only item, which is then not listed again. */
  readonly isItem?: boolean;
}

/** An action with its parsed input, for `perform`. It has either `run` (one whole answer) or `select` and `act` (one outcome per item). */
export interface Prepared {
  readonly input: Readonly<Record<string, unknown>>;
  readonly run?: (context: Context) => Promise<Row>;
  readonly select?: (context: Context) => AsyncIterable<Selected>;
  /** Yields as many Outcomes as targets, in their order. */
  readonly act?: (targets: readonly Target[], context: Context) => AsyncIterable<Outcome<Row>>;
  /** Present when evidence is wanted first. */
  readonly preserve?: (targets: readonly Target[], context: Context) => ReturnType<Preserve>;
  /**
   * Checks the result of `act` with a second look; yields as many Outcomes as targets. False: a second look was not possible. Failure `not-verified`:
   * the result differs from what `act` reported, and the item failed. Another Failure means false. A Failure as the value: the result is as `act`
   * reported, but something else fails the item. `chosen` contains every selected item, including failed ones.
   */
  readonly verify?: (
    targets: readonly Target[],
    rows: readonly Row[],
    context: Context,
    chosen: readonly Target[],
  ) => AsyncIterable<Outcome<boolean | Failure>>;
  /** Reads what a person who confirms must know in addition to the targets. Throws Failure. */
  readonly details?: ((targets: readonly Target[], context: Context) => Details | Promise<Details>) | undefined;
  /** Whether this input needs confirmation. */
  readonly asksFirst: boolean;
  /** Participle for an item that is done, with this input: `deleted`. Default: done. */
  readonly done?: string | undefined;
  /** Participle for one result, if it differs from `done`. */
  readonly did?: ((row: Row) => string | undefined) | undefined;
  /** The action's own columns for an item that existed when it was selected and, as a second look showed, no longer exists. */
  readonly vanished?: Row | undefined;
}

/** One operation that an analyst can request, as seen by faces, doctor and the reference pages. */
export interface Action extends Uses, Reversibility {
  /** kebab-case; the file has the same name. */
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
  /** Noun for one item: `message`. Default: item. */
  readonly noun?: string;
  readonly glance?: Presentation;
  /** An input that makes sense to a reader. */
  readonly example?: Row;
  /** Parses the input. Throws Failure `invalid-input` naming the field and saying what to put. */
  prepare(raw: unknown): Prepared;
}

/** An action with its own schemas. An intersection with `Action` would accept every field: its schemas are those of any object. */
export type ActionOf<Own extends object> = Omit<Action, keyof Own> & Own;

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

/** Declares a read action with one whole answer (`output`, `.run`). */
export function defineWholeAnswerAction<In extends z.ZodObject, Out extends z.ZodObject, M extends PortMethod>(
  definition: WholeAnswerDefinition<In, Out, M>,
) {
  const { columns, members } = definition.glance ?? {};
  const membersOf = (answer: Row): Row => {
    const own = Object.keys(definition.output.shape).filter((name) => answer[name] !== undefined);
    const whole = definition.output.safeParse(Object.fromEntries(own.map((name) => [name, answer[name]])));
    // A failed call has none of the action's own members, so there is nothing to show.
    return whole.success && members !== undefined ? members(whole.data) : answer;
  };
  const glance: Presentation = { ...(columns && { columns }), ...(members && { members: membersOf }) };
  return {
    run: (
      work: (input: z.output<In>, context: Context<M>) => Promise<z.input<Out>>,
    ): ActionOf<{ readonly input: In; readonly output: Out }> => ({
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
  /** Participle for an item that is done: `deleted`. */
  readonly done?: string | ((input: z.output<In>) => string);
  /** Participle for one result, if it differs from `done`: `copied as a draft`. */
  readonly did?: (row: z.output<Each>, input: z.output<In>) => string | undefined;
  /** Columns for an item that existed when it was selected and, as a second look showed, no longer exists. */
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
  /** Present if a copy of each target can be kept before it is deleted; `wanted` reads the input. */
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
  /** What a person who confirms must know in addition to the targets. */
  readonly details?: (input: z.output<In>, context: Context<M>, targets: readonly Target[]) => Details | Promise<Details>;
  /** Overrides the rule of the effect: false for changes that can be undone, true for those that cannot. */
  readonly asksFirst?: (input: z.output<In>) => boolean;
  /** Checks between fields; throws Failure `invalid-input` or `confirmation-required`. */
  readonly check?: (input: z.output<In>) => void;
}

/** Declares an action in two parts: select (finds the items; only reads) and act (acts on each). Reads that answer per item use it as well. */
export function defineItemAction<In extends z.ZodObject, Each extends z.ZodObject, M extends PortMethod>(
  definition: ItemActionDefinition<In, Each, M>,
) {
  return {
    select: (select: Select<In, M>) => ({
      act: (act: Act<In, Each, M>, extras: OptionalParts<In, Each, M> = {}): ActionOf<{ readonly input: In; readonly each: Each }> => ({
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
