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

test("who stops reading gives the place back, and the connection with it", async () => {
  for await (const _ of releaseTurnAtEnd(pieces(), turn)) break;
  expect([ended, closed]).toEqual([[true], 1]);
});

test("what nobody begins to read for a minute is given up, and whoever comes later is told so", async () => {
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

test("what was begun in time may take longer than a minute", async () => {
  const read: string[] = [];
  for await (const bytes of releaseTurnAtEnd(pieces(), turn)) {
    await vi.advanceTimersByTimeAsync(120_000);
    read.push(Buffer.from(bytes).toString());
  }
  expect(read).toEqual(["a", "b"]);
});
