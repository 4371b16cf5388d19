import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { releaseTurnAtEnd } from "../../../src/wire/throttling/turn-of-body.ts";

let ended: boolean[];
const turn = {
  end: (good: boolean) => {
    ended.push(good);
  },
};
let closed: number;
async function* pieces(): AsyncGenerator<Uint8Array> {
  try {
    yield Buffer.from("a");
    yield Buffer.from("b");
  } finally {
    closed += 1;
  }
}
beforeEach(() => {
  vi.useFakeTimers();
  ended = [];
  closed = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

test("the place is given back when all was read, and not before", async () => {
  const read: string[] = [];
  for await (const bytes of releaseTurnAtEnd(pieces(), turn)) {
    read.push(Buffer.from(bytes).toString());
    expect(ended).toEqual([]);
  }
  expect([read.join(""), ended, closed]).toEqual(["ab", [true], 1]);
});

test("a reader that stops early returns its turn and its connection", async () => {
  for await (const _ of releaseTurnAtEnd(pieces(), turn)) break;
  expect([ended, closed]).toEqual([[true], 1]);
});

test("content that is unread for a minute is abandoned, and a later reader gets that failure", async () => {
  const bytes = releaseTurnAtEnd(pieces(), turn);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([ended, closed]).toEqual([[true], 1]);
  const late = async () => {
    for await (const _ of bytes) throw new Error("there are bytes");
  };
  await expect(late()).rejects.toMatchObject({ code: "timeout" });
});

test("a reply that began in time may take longer than a minute", async () => {
  const read: string[] = [];
  for await (const bytes of releaseTurnAtEnd(pieces(), turn)) {
    await vi.advanceTimersByTimeAsync(120_000);
    read.push(Buffer.from(bytes).toString());
  }
  expect(read).toEqual(["a", "b"]);
});
