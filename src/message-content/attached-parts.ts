import { Failure } from "../failure.ts";
import { keepParts } from "../wire/mime/keep-parts.ts";
import type { PartPath } from "../wire/mime/mime-parts.ts";
import { noteBroken, type OpenedPart, type ReadTally, SinglePass } from "./read-in-one-pass.ts";

/** A part of what an attachment holds. */
export interface PartLocation {
  /** The id of the attachment, which is downloaded as a whole. */
  readonly holder: string;
  readonly inside: PartPath;
}

/** Reads what is asked for of attached messages, in the order asked. */
export interface PartReader {
  /** What is at the place of this index. Throws Failure `not-found` for one that the message has not, `too-large`. */
  open(index: number): Promise<OpenedPart>;
  /** Nothing more is asked for: what was handed out last may still be read. */
  leave(): Promise<void>;
}

/**
 * Of what goes by and is asked for later so much is kept: what hangs in an attached message is asked for after that message itself. Most mail fits;
 * what does not is read again.
 */
const keptBytes = 4 * 1024 * 1024;
/** 16 times 256 MB are 4 GB. A second time is usual; more often only what is larger than is kept, or what broke off. */
const maxPasses = 16;
/** How often one after the other may break off before the rest is given up. */
const maxBroken = 3;
/**
 * A server gives out as a whole what others hang in. It is read once for all that is asked for of it in one go, in constant memory: parts are
 * handed out as they come, what is not asked for is read over. `places`: all that will be asked for; undefined for what is no part.
 */
export function openPartReader(
  places: readonly (PartLocation | undefined)[],
  download: (holder: string) => Promise<AsyncIterable<Uint8Array>>,
): PartReader {
  const tallies = new Map<string, ReadTally>();
  let pass: SinglePass | undefined;

  async function end(): Promise<void> {
    await pass?.close();
    pass = undefined;
  }

  async function begin({ holder }: PartLocation, paths: readonly PartPath[]): Promise<SinglePass> {
    await end();
    const tally = tallies.get(holder) ?? { passes: 0, broken: 0, failure: undefined };
    tallies.set(holder, tally);
    if (tally.failure !== undefined && (!tally.failure.retryable || tally.broken >= maxBroken)) throw tally.failure;
    if (tally.passes >= maxPasses) throw readTooOften();
    tally.passes += 1;
    try {
      return new SinglePass(holder, await download(holder), keepParts(outOfOrder(paths), keptBytes), tally);
    } catch (thrown) {
      noteBroken(tally, thrown);
      throw thrown;
    }
  }

  return {
    async open(index) {
      const place = places[index];
      if (place === undefined) throw new Failure("internal", "This is no place in an attachment.");
      const other = places.findIndex((one, at) => at > index && one?.holder !== place.holder);
      const paths = places.slice(index, other < 0 ? undefined : other).flatMap((one) => (one ? [one.inside] : []));
      if (pass?.name !== place.holder || !(await pass.canGive(place.inside))) pass = await begin(place, paths);
      return await pass.open(place.inside, paths.length === 1);
    },
    async leave() {
      await pass?.leave();
    },
  };
}

/** Those that will have gone by when they are asked for, if the others are read in this order. */
function outOfOrder(paths: readonly PartPath[]): readonly PartPath[] {
  let last: PartPath | undefined;
  return paths.filter((path) => {
    if (last !== undefined && !isAfter(path, last)) return true;
    last = path;
    return false;
  });
}

function isAfter(path: PartPath, last: PartPath): boolean {
  const at = last.findIndex((number, index) => path[index] !== number);
  return at >= 0 && (path[at] ?? 0) > (last[at] ?? 0);
}

function readTooOften(): Failure {
  return new Failure("too-large", `An attachment that others hang in is not read more than ${maxPasses} times in one call.`, {
    hint: "Ask for what is left of it in another call, by attachment_ids.",
  });
}
