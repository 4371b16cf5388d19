import { expect, test } from "vitest";
import { openFailureLimit, openPlaces } from "../../../src/faces/http/limits.ts";

test("as many places as there are are given, and one that is given back twice counts once", () => {
  const places = openPlaces(2);
  const [first, second] = [places.take(), places.take()];
  expect([typeof first, typeof second, places.take(), places.taken]).toEqual(["function", "function", undefined, 2]);
  first?.();
  first?.();
  expect(places.taken).toBe(1);
  expect([typeof places.take(), places.take()]).toEqual(["function", undefined]);
});

test("ten failures block an address for some seconds, one at a time is let again, and after a minute all is forgotten", () => {
  let now = 0;
  const limit = openFailureLimit(() => now);
  for (let count = 0; count < 10; count += 1) {
    expect(limit.blockedFor("a")).toBe(0);
    limit.note("a");
  }
  expect(limit.blockedFor("a")).toBe(6);
  expect(limit.blockedFor("b")).toBe(0);
  now = 6_000;
  expect(limit.blockedFor("a")).toBe(0);
  limit.note("a");
  expect(limit.blockedFor("a")).toBeGreaterThan(0);
  now = 70_000;
  for (let count = 0; count < 10; count += 1) {
    expect(limit.blockedFor("a")).toBe(0);
    limit.note("a");
  }
});

test("of very many addresses the one that failed longest ago is forgotten", () => {
  const limit = openFailureLimit(() => 0);
  const block = (address: string) => {
    for (let count = 0; count < 10; count += 1) limit.note(address);
  };
  block("first");
  block("second");
  limit.note("first");
  for (let count = 0; count < 9_999; count += 1) limit.note(`other ${count}`);
  expect([limit.blockedFor("first") > 0, limit.blockedFor("second")]).toEqual([true, 0]);
});
