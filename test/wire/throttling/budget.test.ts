import { describe, expect, test } from "vitest";
import { type Budget, isForgettable, newBudget, recordServed, recordThrottled } from "../../../src/wire/throttling/budget.ts";

function lane(changes: Partial<Budget> = {}): Budget {
  return { ...newBudget(), ...changes };
}

describe("the budget of an account", () => {
  test("is half of the requests under way after a refused request, that request included", () => {
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

  test("ignores a policy of 27 if two requests were already too many, because others use the account as well", () => {
    const busy = lane({ active: 1 });
    recordThrottled(busy, 27, 0);
    expect(busy.limit).toBe(1);
  });

  test("is not blocked for ever by a policy of zero or less", () => {
    const busy = lane({ active: 3 });
    recordThrottled(busy, 0.5, 0);
    expect(busy.limit).toBe(1);
  });

  test("is halved once for requests that were refused together", () => {
    const busy = lane({ active: 15 });
    recordThrottled(busy, undefined, 0);
    busy.until = 100;
    for (busy.active = 14; busy.active >= 0; busy.active--) recordThrottled(busy, undefined, 50);
    expect(busy.limit).toBe(8);
  });

  test("grows by one after enough successful requests, and in the end has no limit", () => {
    const busy = lane({ limit: 2 });
    for (let count = 0; count < 7; count++) recordServed(busy);
    expect(busy.limit).toBe(2);
    recordServed(busy);
    expect(busy.limit).toBe(3);
    for (let count = 0; count < 100_000; count++) recordServed(busy);
    expect(isForgettable(busy, 0)).toBe(true);
  });
});
