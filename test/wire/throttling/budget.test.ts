import { describe, expect, test } from "vitest";
import { type Budget, isForgettable, newBudget, recordServed, recordThrottled } from "../../../src/wire/throttling/budget.ts";

function lane(changes: Partial<Budget> = {}): Budget {
  return { ...newBudget(), ...changes };
}

describe("what is learned of a budget", () => {
  test("a request that is turned away halves what was under way, the request included", () => {
    const busy = lane({ active: 9 });
    recordThrottled(busy, undefined, 0);
    expect(busy.limit).toBe(5);
  });

  test("never allows more at a time than the server names, whatever else is running", () => {
    const busy = lane({ active: 60 });
    recordThrottled(busy, 5, 0);
    for (let count = 0; count < 1000; count++) recordServed(busy);
    expect([busy.limit, busy.ceiling]).toEqual([5, 5]);
  });

  test("a policy of 27 says nothing where two requests were already too many: others use the account, too", () => {
    const busy = lane({ active: 1 });
    recordThrottled(busy, 27, 0);
    expect(busy.limit).toBe(1);
  });

  test("a policy of nought or less does not stop everything for good", () => {
    const busy = lane({ active: 3 });
    recordThrottled(busy, 0.5, 0);
    expect(busy.limit).toBe(1);
  });

  test("requests that were turned away together count once", () => {
    const busy = lane({ active: 15 });
    recordThrottled(busy, undefined, 0);
    busy.until = 100;
    for (busy.active = 14; busy.active >= 0; busy.active--) recordThrottled(busy, undefined, 50);
    expect(busy.limit).toBe(8);
  });

  test("after enough that was served one more is tried, and in the end the limit is forgotten", () => {
    const busy = lane({ limit: 2 });
    for (let count = 0; count < 7; count++) recordServed(busy);
    expect(busy.limit).toBe(2);
    recordServed(busy);
    expect(busy.limit).toBe(3);
    for (let count = 0; count < 100_000; count++) recordServed(busy);
    expect(isForgettable(busy, 0)).toBe(true);
  });
});
