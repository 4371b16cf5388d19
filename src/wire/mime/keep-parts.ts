import { Failure } from "../../failure.ts";
import { openPartDecoder } from "./decode-part.ts";
import { isMessage, type PartPath } from "./mime-parts.ts";
import { AnySplitter } from "./split-any-format.ts";
import type { MimeEvent, PartHead } from "./split-mime.ts";

/** A part that was kept. */
export interface KeptPart {
  readonly isMessage: boolean;
  readonly pieces: readonly Uint8Array[];
}

/** Keeps some parts of a message while its bytes pass. */
export interface PartKeeper {
  write(bytes: Uint8Array): void;
  /** Marks the message as complete. */
  end(): void;
  has(path: PartPath): boolean;
  /** Returns a part, once. Undefined for a part that has not arrived, or did not fit. */
  take(path: PartPath): KeptPart | undefined;
  /** Returns whether the part may still arrive. */
  mayCome(path: PartPath): boolean;
}

interface PartSink {
  write(bytes: Buffer): void;
  /** If `isComplete` is false, drops what was kept. */
  end(isComplete: boolean): void;
}

/** Cost of a piece in addition to its bytes: a server may send single bytes. */
const pieceBytes = 200;

/** Keeps these parts while all kept parts fit into `roomBytes`. A part that does not fit is dropped whole. */
export function keepParts(paths: readonly PartPath[], roomBytes: number): PartKeeper {
  const awaited = new Set(paths.map(nameOf));
  const kept = new Map<string, KeptPart & { readonly size: number }>();
  let room = roomBytes;

  function collect(path: PartPath, head: PartHead): PartSink {
    let pieces: Uint8Array[] | undefined = [];
    let size = 0;
    const drop = () => {
      pieces = undefined;
      room += size;
      awaited.delete(nameOf(path));
    };
    return {
      write(bytes) {
        if (pieces === undefined || bytes.length === 0) return;
        const cost = bytes.length + pieceBytes;
        if (cost > room) return drop();
        room -= cost;
        size += cost;
        // A copy: the source may reuse its memory.
        pieces.push(Uint8Array.from(bytes));
      },
      end(isComplete) {
        if (pieces === undefined) return;
        if (!isComplete) return drop();
        kept.set(nameOf(path), { isMessage: isMessage(head), pieces, size });
        awaited.delete(nameOf(path));
      },
    };
  }

  /** Splits a message; `wanted` is relative to this message. */
  function takeApart(path: PartPath, wanted: readonly PartPath[], isOfMessage: boolean): PartSink {
    const splitter = new AnySplitter(isOfMessage);
    let sink: PartSink | undefined;
    let isOver = false;
    const take = (events: Iterable<MimeEvent>): void => {
      if (isOver) return;
      try {
        for (const event of events) {
          if (event.kind === "bytes") sink?.write(event.bytes);
          else if (event.kind === "part") {
            sink?.end(true);
            const { number } = event.part;
            const inside = wanted.filter(([first]) => first === number).map(([, ...rest]) => rest);
            sink = inside.length === 0 ? undefined : sinkOf([...path, number], event.part, inside);
          }
        }
      } catch (thrown) {
        // A later reader of such a part gets this failure itself.
        if (!(thrown instanceof Failure)) throw thrown;
        isOver = true;
        sink?.end(false);
      }
    };
    return {
      write: (bytes) => take(splitter.write(bytes)),
      end(isComplete) {
        if (isComplete) take(splitter.end());
        if (!isOver) sink?.end(isComplete);
        isOver = true;
      },
    };
  }

  function sinkOf(path: PartPath, head: PartHead, wanted: readonly PartPath[]): PartSink {
    const deeper = wanted.filter(({ length }) => length > 0);
    const sinks = [
      ...(deeper.length < wanted.length ? [collect(path, head)] : []),
      ...(deeper.length > 0 ? [takeApart(path, deeper, isMessage(head))] : []),
    ];
    const decoder = openPartDecoder(head.encoding);
    const write = (bytes: Buffer) => {
      for (const sink of sinks) sink.write(bytes);
    };
    return {
      write: (bytes) => write(decoder.write(bytes)),
      end(isComplete) {
        if (isComplete) write(decoder.end());
        for (const sink of sinks) sink.end(isComplete);
      },
    };
  }

  const message = takeApart([], paths, true);
  return {
    write(bytes) {
      if (awaited.size > 0) message.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    },
    end() {
      if (awaited.size > 0) message.end(true);
      awaited.clear();
    },
    has: (path) => kept.has(nameOf(path)),
    take(path) {
      const part = kept.get(nameOf(path));
      kept.delete(nameOf(path));
      room += part?.size ?? 0;
      return part;
    },
    mayCome: (path) => awaited.has(nameOf(path)),
  };
}

function nameOf(path: PartPath): string {
  return path.join(".");
}
