import { expect, test } from "vitest";
import {
  openConcurrencyLimit,
  openConcurrencyShares,
  openFailureLimit,
  openProvenClients,
} from "../../../../src/faces/http/callers/rate-limits.ts";

test("all slots are given out, and a slot returned twice counts once", () => {
  const places = openConcurrencyLimit(2);
  const [first, second] = [places.take(), places.take()];
  expect([typeof first, typeof second, places.take(), places.taken]).toEqual(["function", "function", undefined, 2]);
  first?.();
  first?.();
  expect(places.taken).toBe(1);
  expect([typeof places.take(), places.take()]).toEqual(["function", undefined]);
});

test("one caller takes at most half of the slots, and urgent calls those of the reserve as well", () => {
  const shares = openConcurrencyShares(8);
  const taken = (caller: string, urgent: boolean) => {
    let count = 0;
    while (shares.take(caller, urgent) !== undefined) count += 1;
    return count;
  };
  expect(taken("a", false)).toBe(4);
  expect([shares.hasRoom("a", false), shares.hasRoom("a", true), shares.hasRoom("b", false)]).toEqual([false, true, true]);
  expect(taken("b", false)).toBe(2);
  // What reads leaves the reserve alone, whoever asks; what contains has it, also after the caller's own reads.
  expect([taken("c", false), taken("a", true), taken("b", true)]).toEqual([0, 2, 0]);
});

test("a returned slot is given out again, once", () => {
  const shares = openConcurrencyShares(2);
  const leave = shares.take("a", false);
  expect(shares.take("a", false)).toBeUndefined();
  leave?.();
  leave?.();
  expect([typeof shares.take("a", false), typeof shares.take("b", false), shares.take("b", true)]).toEqual([
    "function",
    "function",
    undefined,
  ]);
});

test("ten failures block an address for some seconds, then allow one try at a time, and are forgotten after a minute", () => {
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

test("the address that failed longest ago is forgotten first", () => {
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

test("a whole IPv6 network shares ten failures, and an IPv4-mapped address counts as its IPv4 address", () => {
  const limit = openFailureLimit(() => 0);
  for (let count = 0; count < 5; count += 1) {
    limit.note(`2001:db8::${count}`);
    limit.note(`2001:db8:0:0:${count}:1:1:1`);
    limit.note("::ffff:192.0.2.1");
    limit.note("192.0.2.1");
  }
  const addresses = ["2001:db8::ffff:0:1:9", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2"];
  expect(addresses.map((address) => limit.blockedFor(address) > 0)).toEqual([true, false, true, false]);
});

test("an accepted caller is recognised under another address of the same network", () => {
  const proven = openProvenClients();
  proven.add("2001:db8::1", "Bearer a");
  expect([proven.has("2001:db8::2", "Bearer a"), proven.has("2001:db8::1", "Bearer b"), proven.has("2001:db8:0:1::1", "Bearer a")]).toEqual(
    [true, false, false],
  );
  proven.forget("2001:db8::3", "Bearer a");
  expect(proven.has("2001:db8::1", "Bearer a")).toBe(false);
});
