import { Failure } from "../failure.ts";
import { keepParts } from "../wire/mime/keep-parts.ts";
import type { PartPath } from "../wire/mime/mime-parts.ts";
import { noteBroken, type OpenedPart, type ReadTally, SinglePass } from "./read-in-one-pass.ts";

/** A part inside an attachment. */
export interface PartLocation {
  /** The id of the attachment, which is downloaded as a whole. */
  readonly holder: string;
  readonly inside: PartPath;
}

/** Reads parts of attached messages, in the order requested. */
export interface PartReader {
  /** Opens the part with this index. Throws Failure `not-found` if the message has no such part, and `too-large`. */
  open(index: number): Promise<OpenedPart>;
  /** Ends the requests. The part returned last may still be read. */
  leave(): Promise<void>;
}

/**
 * Limit for parts kept in memory because they are requested later: the attachments of a message are requested after the message itself. Most messages
 * fit; larger parts are downloaded again.
 */
const keptBytes = 4 * 1024 * 1024;
/**
 * 16 times 256 MB are 4 GB. A second download is usual; further ones are needed only for parts larger than the memory limit, or after a download
 * broke off.
 */
const maxPasses = 16;
/** Number of consecutive broken downloads after which the remaining parts are given up. */
const maxBroken = 3;
/**
 * Reads parts of attachments that the server returns only as a whole. One download serves all requested parts in a row, in constant memory: requested
 * parts are returned as they arrive, others are skipped. `places`: all parts that will be requested; undefined for anything else.
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

/** Returns the parts that will have passed by the time they are requested, if the others are read in this order. */
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
  return new Failure("too-large", `An attachment with nested attachments is read at most ${maxPasses} times in one call.`, {
    hint: "Request the remaining parts in another call, by attachment_ids.",
  });
}
