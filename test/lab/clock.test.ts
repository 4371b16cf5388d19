import { expect, test } from "vitest";
import { Clock } from "../../src/lab/clock.ts";

test("every tick is later than the one before, on a running clock and on one that was set", () => {
  const clock = new Clock();
  const ticks = Array.from({ length: 50 }, () => clock.tick().getTime());
  clock.set(new Date("2001-02-03T04:05:06Z"));
  const set = Array.from({ length: 3 }, () => clock.tick().toISOString());
  expect(ticks.every((tick, at) => at === 0 || tick > (ticks[at - 1] ?? tick))).toBe(true);
  expect(set).toEqual(["2001-02-03T04:05:06.001Z", "2001-02-03T04:05:06.002Z", "2001-02-03T04:05:06.003Z"]);
  expect(clock.now().toISOString()).toBe("2001-02-03T04:05:06.003Z");
});

test("a replay does not move a running clock ahead, and continues from a set clock", () => {
  const clock = new Clock();
  const start = new Date(Date.now() - 60_000);
  const ticks = clock.replay(start, () => [clock.tick().getTime(), clock.tick().getTime()]);
  expect(ticks).toEqual([start.getTime() + 1, start.getTime() + 2]);
  expect(clock.tick().getTime()).toBeGreaterThan(start.getTime() + 50_000);
  clock.set(new Date(5));
  expect(clock.replay(new Date(1), () => clock.tick().getTime())).toBe(6);
});
